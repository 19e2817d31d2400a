//! Components, which are called as Leptos calls them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use rstml::node::{
    CustomNode, KVAttributeValue, KeyedAttribute, KeyedAttributeValue, NodeAttribute, NodeElement,
};

use crate::{error, expand_all};

/// Expands a component with its properties and children.
pub(crate) fn expand(element: &NodeElement<impl CustomNode>) -> TokenStream {
    let name = element.name();
    let (mut properties, mut bindings, mut attributes) = (Vec::new(), Vec::new(), Vec::new());
    for attribute in element.attributes() {
        match attribute {
            NodeAttribute::Attribute(attribute) => {
                if let Some(binding) = binding(attribute) {
                    bindings.push(binding);
                } else if let Some(name) = attribute.key.to_string().strip_prefix("attr:") {
                    let value = value(attribute, || quote! { true });
                    attributes.push(quote! { .with_attribute(#name, #value) });
                } else {
                    properties.push(property(attribute));
                }
            }
            NodeAttribute::Block(block) => properties.push(error(
                block,
                "view! of codex-gateway-view does not spread attributes: name each property",
            )),
        }
    }
    let children = if element.children.is_empty() {
        TokenStream::new()
    } else {
        let children = expand_all(&element.children);
        if bindings.is_empty() {
            quote! { .children(::view::__private::leptos::children::ToChildren::to_children(move || #children)) }
        } else {
            quote! { .children(move |#(#bindings),*| #children) }
        }
    };
    quote! {
        ::view::__private::component_node(::view::__private::leptos::component::component_view(
            &#name,
            ::view::__private::leptos::component::component_props_builder(&#name)#(#properties)* #children.build(),
        ))#(#attributes)*
    }
}

/// The pattern of `let:name` and `let(pattern)`, which the children are called with.
fn binding(attribute: &KeyedAttribute) -> Option<TokenStream> {
    let key = attribute.key.to_string();
    if let Some(variable) = key.strip_prefix("let:") {
        let variable = format_ident!("{variable}");
        return Some(quote! { #variable });
    }
    match &attribute.possible_value {
        KeyedAttributeValue::Binding(binding) if key == "let" => {
            let inputs = &binding.inputs;
            Some(quote! { #inputs })
        }
        _ => None,
    }
}

fn property(attribute: &KeyedAttribute) -> TokenStream {
    let key = &attribute.key;
    if key.to_string().contains(':') {
        let message =
            "view! of codex-gateway-view hands components properties and `attr:` only, no listeners";
        return error(key, message);
    }
    // `<Step step/>` is `<Step step=step/>`.
    let value = value(attribute, || quote! { #key });
    quote! { .#key(#[allow(unused_braces)] { #value }) }
}

/// Returns the value of a property or attribute; `default` is the value if none is written.
fn value(attribute: &KeyedAttribute, default: impl FnOnce() -> TokenStream) -> TokenStream {
    match &attribute.possible_value {
        KeyedAttributeValue::None => default(),
        KeyedAttributeValue::Value(value) => match &value.value {
            KVAttributeValue::Expr(value) => quote! { #value },
            KVAttributeValue::InvalidBraced(block) => quote! { #block },
        },
        KeyedAttributeValue::Binding(binding) => error(binding, "this property needs a value"),
    }
}
