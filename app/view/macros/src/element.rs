//! Elements and their attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use rstml::node::{
    CustomNode, KVAttributeValue, KeyedAttribute, KeyedAttributeValue, NodeAttribute, NodeElement,
};
use syn::Expr;

use crate::{error, expand as expand_node};

/// Tags of SVG. Those that HTML has too (`a`, `script`, `style`, `title`) are HTML.
const SVG_TAGS: [&str; 40] = [
    "animate",
    "animateMotion",
    "animateTransform",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComposite",
    "feFlood",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feOffset",
    "filter",
    "foreignObject",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "mpath",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "set",
    "stop",
    "svg",
    "symbol",
    "text",
    "textPath",
    "tspan",
    "use",
];

/// Expands an element, without its node around it.
pub(crate) fn expand(element: &NodeElement<impl CustomNode>) -> TokenStream {
    let tag = element.name().to_string();
    let new = if SVG_TAGS.contains(&tag.as_str()) {
        quote! { ::view::svg_element }
    } else {
        quote! { ::view::element }
    };
    let attributes = Attributes::of(element);
    let children = element.children.iter().filter_map(expand_node);
    quote! { #new(#tag)#attributes #(.child(#children))* }
}

/// The attributes of an element in the order of the source, `class` and `style` by their parts.
#[derive(Default)]
struct Attributes {
    calls: Vec<Call>,
    classes: Vec<Part>,
    styles: Vec<Part>,
}

/// A call that adds an attribute or a listener to the element.
enum Call {
    /// The call of any other attribute.
    Single(TokenStream),
    /// The place of the attribute `class`: that of its first part.
    Classes,
    /// The place of the attribute `style`: that of its first part.
    Styles,
}

/// A part of the attribute `class` or `style`: a value, or a name that is there while its value is.
struct Part {
    name: Option<TokenStream>,
    value: TokenStream,
}

impl Attributes {
    fn of(element: &NodeElement<impl CustomNode>) -> Self {
        let mut attributes = Self::default();
        for attribute in element.attributes() {
            match attribute {
                NodeAttribute::Attribute(attribute) => attributes.add(attribute),
                NodeAttribute::Block(block) => attributes.push(in_call(error(
                    block,
                    "view! of codex-gateway-view does not spread attributes: name each of them",
                ))),
            }
        }
        attributes
    }

    fn add(&mut self, attribute: &KeyedAttribute) {
        let name = attribute.key.to_string();
        let value = value(attribute);
        let (kind, rest) = name.split_once(':').unwrap_or(("", &name));
        match (kind, rest) {
            ("", "class") => self.add_class(Part::of_value(attribute, value)),
            ("", "style") => self.add_style(Part::of_value(attribute, value)),
            ("class", name) => self.add_class(Part { name: Some(quote! { #name }), value }),
            ("style", name) => self.add_style(Part { name: Some(quote! { #name }), value }),
            ("prop", property) => self.push(quote! { .property(#property, #value) }),
            ("on", event) => self.push(listener(attribute, event, &value)),
            ("", "node_ref") => self.push(quote! { .node_ref(#value) }),
            ("", "inner_html") => self.push(quote! { .inner_html(#value) }),
            ("" | "attr", name) => self.push(quote! { .attribute(#name, #value) }),
            // Namespaced attributes of SVG.
            ("xlink" | "xml" | "xmlns", _) => self.push(quote! { .attribute(#name, #value) }),
            _ => self.push(in_call(error(
                &attribute.key,
                &format!("view! of codex-gateway-view does not support `{kind}:`"),
            ))),
        }
    }

    fn push(&mut self, call: TokenStream) {
        self.calls.push(Call::Single(call));
    }

    fn add_class(&mut self, part: Part) {
        if self.classes.is_empty() {
            self.calls.push(Call::Classes);
        }
        self.classes.push(part);
    }

    fn add_style(&mut self, part: Part) {
        if self.styles.is_empty() {
            self.calls.push(Call::Styles);
        }
        self.styles.push(part);
    }
}

impl Part {
    /// The part of `class=value`, or of `class=("name", value)`.
    fn of_value(attribute: &KeyedAttribute, value: TokenStream) -> Self {
        match attribute.value() {
            Some(Expr::Tuple(pair)) if pair.elems.len() == 2 => {
                let (name, value) = (&pair.elems[0], &pair.elems[1]);
                Self { name: Some(quote! { #name }), value: quote! { #value } }
            }
            _ => Self { name: None, value },
        }
    }
}

impl quote::ToTokens for Attributes {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for call in &self.calls {
            tokens.extend(match call {
                Call::Single(call) => call.clone(),
                Call::Classes => joined(&self.classes, "class", &quote! { classes }),
                Call::Styles => joined(&self.styles, "style", &quote! { styles }),
            });
        }
    }
}

/// The call for `class` or `style`. One plain value is an attribute as any other; several parts are joined.
fn joined(parts: &[Part], attribute: &str, method: &TokenStream) -> TokenStream {
    if let [Part { name: None, value }] = parts {
        return quote! { .attribute(#attribute, #value) };
    }
    let parts = parts.iter().map(|Part { name, value }| {
        let (call, name) = (name.as_ref().map_or("value", |_| "named"), name.iter());
        let call = Ident::new(call, Span::call_site());
        quote! { ::view::__private::AttributePart::#call(#(#name,)* #value) }
    });
    quote! { .#method([#(#parts),*]) }
}

/// An error where a method is called.
fn in_call(error: TokenStream) -> TokenStream {
    quote! { .child({ #error }) }
}

fn value(attribute: &KeyedAttribute) -> TokenStream {
    match &attribute.possible_value {
        KeyedAttributeValue::Value(value) => match &value.value {
            KVAttributeValue::Expr(value) => quote! { #value },
            KVAttributeValue::InvalidBraced(block) => quote! { #block },
        },
        // An attribute without a value, like `hidden`.
        KeyedAttributeValue::None => quote! { true },
        KeyedAttributeValue::Binding(binding) => error(
            binding,
            "view! of codex-gateway-view binds values with `let:` and `let(…)` on components only",
        ),
    }
}

fn listener(attribute: &KeyedAttribute, event: &str, handler: &TokenStream) -> TokenStream {
    if let Some((event, option)) = event.split_once(':') {
        let message = format!("view! of codex-gateway-view does not support `on:{event}:{option}`");
        return in_call(error(&attribute.key, &message));
    }
    let descriptor = if let Ok(event) = syn::parse_str::<Ident>(event) {
        quote! { ::view::__private::leptos::ev::#event }
    } else {
        quote! { ::view::__private::leptos::ev::Custom::new(#event) }
    };
    quote! { .listener(#descriptor, #handler) }
}
