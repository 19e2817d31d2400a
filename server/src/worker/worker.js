// Shows a page when the server is unreachable, where the browser would show its own. Also shows notifications
// for pages that may not do so themselves (on Android). It caches nothing.
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

// Messages from pages: ["notify", tag, title, body, path] or ["seen", tag].
self.addEventListener("message", (event) => {
  const [what, tag, title, body, path] = JSON.parse(event.data);
  const icon = "{base}/assets/icon-192.png";
  const done =
    what === "notify" ? self.registration.showNotification(title, { tag, body, icon, data: path }) : seen(tag);
  event.waitUntil(done);
});

async function seen(tag) {
  for (const notification of await self.registration.getNotifications({ tag })) notification.close();
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data));
});

// Focuses the page at this path, or opens it.
async function show(path) {
  const pages = await self.clients.matchAll({ type: "window" });
  const there = pages.find((page) => new URL(page.url).pathname === path);
  return there ? there.focus() : self.clients.openWindow(path);
}
