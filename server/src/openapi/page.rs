//! The OpenAPI document as an HTML page without scripts. Each operation is a `<details>` element. Link targets
//! are inside of it, because browsers then open it.

mod types;

use codex_gateway_app::theme_word;
use http::HeaderMap;
use leptos::prelude::*;
use serde_json::{Map, Value};

use self::types::{render_fields, render_type_name};

/// Styles of the page, inlined.
const STYLE: &str =
    concat!(include_str!("../../../style/tokens.css"), include_str!("../../../style/docs.css"));
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// The rendered page.
pub struct Page {
    body: String,
}

impl Page {
    /// Renders the page of a document.
    pub fn of(document: &Value) -> Self {
        let view = view! {
            <nav aria-label="Contents">{render_contents(document)}</nav>
            <main>
                <header>
                    <h1>"Codex Gateway: the API"</h1>
                    <p class="quiet">
                        "Version "{text_field(&document["info"], "version")}" · "
                        <a href="openapi.json">"openapi.json"</a>" · "
                        <a href="openapi-3.1.json">"openapi-3.1.json"</a>" · "<a href="../">"The chat"</a>
                    </p>
                    {render_markdown(text_field(&document["info"], "description"))}
                </header>
                {render_sections(document)}
                <section>
                    <h2 id="types">"Types"</h2>
                    {join_views(schemas(document).map(|(name, schema)| render_type(name, schema)))}
                </section>
            </main>
        };
        Self { body: view.to_html() }
    }

    /// Returns the HTML document in the reader's theme. The nonce is for its inline style.
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

/// An operation of the document.
struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    spec: &'a Value,
}

impl Operation<'_> {
    /// Returns the fragment of the operation in the page.
    fn anchor(&self) -> Option<String> {
        self.spec["operationId"].as_str().map(str::to_owned)
    }
}

/// Returns the operations with a tag, in the document's order.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |&method| Some(Operation { method, path, spec: item.get(method)? }))
    });
    all.filter(|operation| operation.spec["tags"][0] == tag).collect()
}

fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    document["tags"].as_array().into_iter().flatten()
}

fn schemas(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document["components"]["schemas"].as_object().into_iter().flatten()
}

fn render_contents(document: &Value) -> AnyView {
    let part = |tag: &Value| {
        let name = text_field(tag, "name");
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
            <ul>{join_views(operations(document, &name).into_iter().map(line))}</ul>
        }
        .into_any()
    };
    view! {
        <details open>
            <summary>"Contents"</summary>
            {join_views(tags(document).map(part))}
            <a class="part" href="#types">"Types"</a>
        </details>
    }
    .into_any()
}

fn render_sections(document: &Value) -> AnyView {
    let section = |tag: &Value| {
        let name = text_field(tag, "name");
        view! {
            <section>
                <h2 id=name.clone()>{name.clone()}</h2>
                {render_markdown(text_field(tag, "description"))}
                {join_views(operations(document, &name).into_iter().map(render_operation))}
            </section>
        }
        .into_any()
    };
    join_views(tags(document).map(section))
}

fn render_operation(operation: Operation<'_>) -> AnyView {
    let Operation { method, path, spec } = &operation;
    let replies = spec["responses"].as_object().into_iter().flatten();
    view! {
        <details class="entry">
            <summary>
                <b class=*method>{*method}</b>
                <code>{(*path).to_owned()}</code>
                <span inner_html=render_inline(&text_field(spec, "summary"))></span>
            </summary>
            <div id=operation.anchor()>
                {render_markdown(text_field(spec, "description"))}
                {render_parameters(spec)}
                {spec.get("requestBody").map(render_body)}
                <h3>"Replies"</h3>
                <table>{join_views(replies.map(render_reply))}</table>
            </div>
        </details>
    }
    .into_any()
}

fn render_parameters(operation: &Value) -> Option<AnyView> {
    let all = operation["parameters"].as_array().filter(|all| !all.is_empty())?;
    let row = |parameter: &Value| {
        view! {
            <tr>
                <td><code>{text_field(parameter, "name")}</code><small>{text_field(parameter, "in")}</small></td>
                <td>{render_type_name(&parameter["schema"])}</td>
                <td>{render_markdown(text_field(parameter, "description"))}</td>
            </tr>
        }
        .into_any()
    };
    Some(view! { <h3>"Parameters"</h3><table>{join_views(all.iter().map(row))}</table> }.into_any())
}

fn render_body(body: &Value) -> AnyView {
    view! {
        <h3>"Body"</h3>
        <p>{render_content(&body["content"])}</p>
        {render_markdown(text_field(body, "description"))}
    }
    .into_any()
}

fn render_reply((status, reply): (&String, &Value)) -> AnyView {
    let is_success = status.starts_with('2');
    view! {
        <tr>
            <td><code class=if is_success { "success" } else { "error" }>{status.clone()}</code></td>
            <td>{is_success.then(|| render_content(&reply["content"]))}{render_markdown(text_field(reply, "description"))}</td>
        </tr>
    }
    .into_any()
}

/// Renders a body by its media types.
fn render_content(content: &Value) -> AnyView {
    let one = |(media, content): (&String, &Value)| {
        let events = content.get("itemSchema").is_some();
        let schema = content.get("itemSchema").or(content.get("schema")).unwrap_or(&Value::Null);
        let json = media == "application/json";
        let said = (!json).then(|| view! { <small>{media.clone()}</small> }.into_any());
        view! { <span class="media">{render_type_name(schema)}{events.then_some(" …")}{said}</span> }
            .into_any()
    };
    join_views(content.as_object().into_iter().flatten().map(one))
}

fn render_type(name: &str, schema: &Value) -> AnyView {
    view! {
        <details class="entry">
            <summary><code>{name.to_owned()}</code></summary>
            <div id=format!("type-{name}")>{render_markdown(text_field(schema, "description"))}{render_fields(schema)}</div>
        </details>
    }
    .into_any()
}

/// Returns a text field, or an empty string.
fn text_field(part: &Value, name: &str) -> String {
    part.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn join_views(views: impl Iterator<Item = AnyView>) -> AnyView {
    views.collect::<Vec<_>>().into_any()
}

/// Renders Markdown of the document.
fn render_markdown(markdown: String) -> Option<AnyView> {
    if markdown.is_empty() {
        return None;
    }
    Some(view! { <div class="prose" inner_html=to_html(&markdown)></div> }.into_any())
}

/// Renders a line of Markdown without a paragraph around it.
fn render_inline(markdown: &str) -> String {
    to_html(markdown).trim_start_matches("<p>").trim_end().trim_end_matches("</p>").to_owned()
}

fn to_html(markdown: &str) -> String {
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
    fn page_contains_every_operation_and_type() {
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
    fn every_fragment_link_has_target() {
        let page = Page::of(&router::document()).body;
        for link in page.split("href=\"#").skip(1) {
            let to = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{to}\"")), "{to}");
        }
    }
}
