//! The document for people: a page without scripts, in which a path opens to what it takes and answers. (What a link
//! leads to stands inside of what opens: browsers open it then.)

mod types;

use codex_gateway_app::theme_word;
use http::HeaderMap;
use leptos::prelude::*;
use serde_json::{Map, Value};

use self::types::{fields, kind};

/// All that the page looks like: it loads nothing.
const STYLE: &str =
    concat!(include_str!("../../../style/tokens.css"), include_str!("../../../style/docs.css"));
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// The page, written once.
pub struct Page {
    body: String,
}

impl Page {
    /// The page of a document.
    pub fn of(document: &Value) -> Self {
        let view = view! {
            <nav aria-label="Contents">{contents(document)}</nav>
            <main>
                <header>
                    <h1>"Codex Gateway: the API"</h1>
                    <p class="quiet">
                        "Version "{text(&document["info"], "version")}" · "
                        <a href="openapi.json">"openapi.json"</a>" · "
                        <a href="openapi-3.1.json">"openapi-3.1.json"</a>" · "<a href="../">"The chat"</a>
                    </p>
                    {prose(text(&document["info"], "description"))}
                </header>
                {sections(document)}
                <section>
                    <h2 id="types">"Types"</h2>
                    {list(schemas(document).map(|(name, schema)| type_section(name, schema)))}
                </section>
            </main>
        };
        Self { body: view.to_html() }
    }

    /// The page, in the colours that the reader has chosen; its style knows the nonce.
    pub fn render(&self, headers: &HeaderMap, nonce: &str) -> String {
        let theme = theme_word(headers);
        format!(
            "<!DOCTYPE html><html lang=\"en\" data-theme=\"{theme}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>Codex Gateway: the API</title>\
             <link rel=\"icon\" href=\"../assets/favicon.svg\" type=\"image/svg+xml\">\
             <style nonce=\"{nonce}\">{STYLE}</style></head><body>{}</body></html>",
            self.body
        )
    }
}

/// An operation with where it is.
struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    it: &'a Value,
}

impl Operation<'_> {
    /// Its address in the page.
    fn anchor(&self) -> Option<String> {
        self.it["operationId"].as_str().map(str::to_owned)
    }
}

/// The operations of a part, in the document's order.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |&method| Some(Operation { method, path, it: item.get(method)? }))
    });
    all.filter(|operation| operation.it["tags"][0] == tag).collect()
}

fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    document["tags"].as_array().into_iter().flatten()
}

fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["components"]["schemas"].as_object().into_iter().flatten()
}

fn contents(document: &Value) -> AnyView {
    let part = |tag: &Value| {
        let name = text(tag, "name");
        let line = |operation: Operation<'_>| {
            let anchor = operation.anchor().unwrap_or_default();
            let path = operation.path.trim_start_matches("/api").to_owned();
            view! {
                <li><a href=format!("#{anchor}")><b class=operation.method>{operation.method}</b>{path}</a></li>
            }
            .into_any()
        };
        view! {
            <a class="part" href=format!("#{name}")>{name.clone()}</a>
            <ul>{list(operations(document, &name).into_iter().map(line))}</ul>
        }
        .into_any()
    };
    view! {
        <details open>
            <summary>"Contents"</summary>
            {list(tags(document).map(part))}
            <a class="part" href="#types">"Types"</a>
        </details>
    }
    .into_any()
}

fn sections(document: &Value) -> AnyView {
    let section = |tag: &Value| {
        let name = text(tag, "name");
        view! {
            <section>
                <h2 id=name.clone()>{name.clone()}</h2>
                {prose(text(tag, "description"))}
                {list(operations(document, &name).into_iter().map(operation))}
            </section>
        }
        .into_any()
    };
    list(tags(document).map(section))
}

fn operation(operation: Operation<'_>) -> AnyView {
    let Operation { method, path, it } = &operation;
    let replies = it["responses"].as_object().into_iter().flatten();
    view! {
        <details class="entry">
            <summary>
                <b class=*method>{*method}</b>
                <code>{(*path).to_owned()}</code>
                <span inner_html=line(&text(it, "summary"))></span>
            </summary>
            <div id=operation.anchor()>
                {prose(text(it, "description"))}
                {parameters(it)}
                {it.get("requestBody").map(body)}
                <h3>"Replies"</h3>
                <table>{list(replies.map(reply))}</table>
            </div>
        </details>
    }
    .into_any()
}

fn parameters(operation: &Value) -> Option<AnyView> {
    let all = operation["parameters"].as_array().filter(|all| !all.is_empty())?;
    let row = |parameter: &Value| {
        view! {
            <tr>
                <td><code>{text(parameter, "name")}</code><small>{text(parameter, "in")}</small></td>
                <td>{kind(&parameter["schema"])}</td>
                <td>{prose(text(parameter, "description"))}</td>
            </tr>
        }
        .into_any()
    };
    Some(view! { <h3>"Parameters"</h3><table>{list(all.iter().map(row))}</table> }.into_any())
}

fn body(body: &Value) -> AnyView {
    view! {
        <h3>"Body"</h3>
        <p>{content(&body["content"])}</p>
        {prose(text(body, "description"))}
    }
    .into_any()
}

fn reply((status, reply): (&String, &Value)) -> AnyView {
    let well = status.starts_with('2');
    view! {
        <tr>
            <td><code class=if well { "well" } else { "badly" }>{status.clone()}</code></td>
            <td>{well.then(|| content(&reply["content"]))}{prose(text(reply, "description"))}</td>
        </tr>
    }
    .into_any()
}

/// What a body is, by its media types.
fn content(content: &Value) -> AnyView {
    let one = |(media, content): (&String, &Value)| {
        let events = content.get("itemSchema").is_some();
        let schema = content.get("itemSchema").or(content.get("schema")).unwrap_or(&Value::Null);
        let json = media == "application/json";
        let said = (!json).then(|| view! { <small>{media.clone()}</small> }.into_any());
        view! { <span class="media">{kind(schema)}{events.then_some(" …")}{said}</span> }.into_any()
    };
    list(content.as_object().into_iter().flatten().map(one))
}

fn type_section(name: &str, schema: &Value) -> AnyView {
    view! {
        <details class="entry">
            <summary><code>{name.to_owned()}</code></summary>
            <div id=format!("type-{name}")>{prose(text(schema, "description"))}{fields(schema)}</div>
        </details>
    }
    .into_any()
}

/// The text of a field; nothing if there is none.
fn text(part: &Value, name: &str) -> String {
    part.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list(views: impl Iterator<Item = AnyView>) -> AnyView {
    views.collect::<Vec<_>>().into_any()
}

/// Markdown of ours.
fn prose(markdown: String) -> Option<AnyView> {
    if markdown.is_empty() {
        return None;
    }
    Some(view! { <div class="prose" inner_html=html(&markdown)></div> }.into_any())
}

/// A line of Markdown, which is no paragraph of its own.
fn line(markdown: &str) -> String {
    html(markdown).trim_start_matches("<p>").trim_end().trim_end_matches("</p>").to_owned()
}

fn html(markdown: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(markdown));
    html
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema["properties"].as_object()
}

#[cfg(test)]
mod tests {
    use crate::router;

    use super::*;

    #[test]
    fn every_path_and_every_type_is_told() {
        let document = router::document();
        let page = Page::of(&document).render(&HeaderMap::new(), "n0nce");
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let anchor = format!("id=\"{}\"", operation["operationId"].as_str().unwrap());
                assert!(page.contains(path) && page.contains(&anchor), "{path}");
            }
        }
        for (name, _) in schemas(&document) {
            assert!(page.contains(&format!("id=\"type-{name}\"")), "{name}");
        }
        assert!(!page.contains("<script") && page.contains("<style nonce=\"n0nce\">"));
    }

    #[test]
    fn every_link_leads_somewhere() {
        let page = Page::of(&router::document()).body;
        for link in page.split("href=\"#").skip(1) {
            let to = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{to}\"")), "{to}");
        }
    }
}
