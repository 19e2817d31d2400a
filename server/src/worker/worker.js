// Says that the server cannot be reached, where the browser would show a page of its own. It keeps nothing: no page, no
// answer; what it shows then is in this file.
const BUILD = "{build}";
const OFFLINE = `{offline}`;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const preload = self.registration.navigationPreload;
  event.waitUntil(Promise.all([self.clients.claim(), preload && preload.enable()]));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET") event.respondWith(page(event));
});

async function page(event) {
  try {
    return (await event.preloadResponse) || (await fetch(event.request));
  } catch {
    const cookie = self.cookieStore && (await self.cookieStore.get("lang"));
    const lang = (cookie ? cookie.value : navigator.language).startsWith("zh") ? "zh-CN" : "en";
    return new Response(OFFLINE.replace('lang=""', `lang="${lang}"`), {
      status: 503,
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy":
          "default-src 'none'; style-src 'nonce-offline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      },
    });
  }
}
