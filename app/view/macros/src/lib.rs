//! `view!` with Leptos's syntax, which expands to calls of `codex-gateway-view` in place of one type for each element.
//!
//! What this macro does not support is a compile error that says so.

mod component;
mod element;

use proc_macro2::TokenStream;
use quote::quote;
use rstml::node::{CustomNode, Node, NodeName};

/// Builds a view as Leptos's `view!` does: elements, components, texts, blocks and fragments.
///
/// The view is a `view::Node`.
#[proc_macro]
pub fn view(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let config = rstml::ParserConfig::default().recover_block(true);
    let (nodes, errors) = rstml::Parser::new(config).parse_recoverable(TokenStream::from(tokens)).split_vec();
    // The type of the errors is in a crate that this one does not name.
    #[expect(clippy::redundant_closure_for_method_calls)]
    let errors = errors.into_iter().map(|error| error.emit_as_expr_tokens());
    let nodes = expand_all(&nodes);
    quote! { { #[allow(unused_braces, unused_parens)] { #(#errors;)* #nodes } } }.into()
}

/// Expands nodes that stand one after the other; a single node as it is.
fn expand_all(nodes: &[Node<impl CustomNode>]) -> TokenStream {
    let mut nodes: Vec<TokenStream> = nodes.iter().filter_map(expand).collect();
    match nodes.len() {
        0 => quote! { ::view::Node::Empty },
        1 => nodes.remove(0),
        _ => quote! { ::view::Node::Fragment(::std::vec![#(#nodes),*]) },
    }
}

/// Expands a node; `None` if it shows nothing, as a comment.
fn expand(node: &Node<impl CustomNode>) -> Option<TokenStream> {
    Some(match node {
        Node::Text(text) => {
            let text = &text.value;
            quote! { ::view::__private::to_node(#text) }
        }
        Node::RawText(text) => {
            let text = text.to_string_best();
            quote! { ::view::__private::to_node(#text) }
        }
        Node::Block(block) => quote! { ::view::__private::to_node(#block) },
        Node::Element(element) if is_component(element.name()) => component::expand(element),
        Node::Element(element) => {
            let element = element::expand(element);
            quote! { ::view::Node::Element(#element) }
        }
        Node::Fragment(fragment) => expand_all(&fragment.children),
        Node::Doctype(doctype) => error(doctype, "view! of codex-gateway-view does not write doctypes"),
        Node::Comment(_) => return None,
        Node::Custom(custom) => error(custom, "view! of codex-gateway-view does not know this syntax"),
    })
}

/// Returns `true` for names of components: `Name` and `path::Name`.
fn is_component(name: &NodeName) -> bool {
    let NodeName::Path(path) = name else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|segment| segment.ident.to_string().starts_with(char::is_uppercase))
}

/// A compile error in place of an expression, at the tokens that it is about.
fn error(at: &impl quote::ToTokens, message: &str) -> TokenStream {
    syn::Error::new_spanned(at, message).to_compile_error()
}
