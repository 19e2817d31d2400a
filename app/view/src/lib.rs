//! A drop-in [`view!`](crate::view!), [`For`] and [`Show`] for Leptos whose elements are all of one type.
//!
//! In Leptos's own `view!`, each element has a type of its own. The browser gets the code that builds, hydrates and
//! updates each of these types, and for a page with many components that code is most of its WebAssembly. Here each
//! element is a [`Node`], and the code exists once. The README has the figures.
//!
//! ```
//! use view::prelude::*;
//!
//! #[component]
//! fn Counter(label: &'static str) -> impl IntoView {
//!     let count = RwSignal::new(0);
//!     view! {
//!         <p class="counter">
//!             {label} ": " {move || count.get()}
//!             <button on:click=move |_| count.update(|count| *count += 1)>"+1"</button>
//!         </p>
//!     }
//! }
//! # let owner = Owner::new();
//! # owner.set();
//! # #[cfg(feature = "ssr")]
//! # assert!(view! { <Counter label="Apples"/> }.to_html().starts_with(r#"<p class="counter">Apples<!>: <!>0"#));
//! ```
//!
//! The [`prelude`] is that of Leptos, with this crate's `view!`, `For` and `Show`. Sources that compile with
//! `use view::prelude::*` compile with `use leptos::prelude::*` too.
//!
//! A node is a Leptos view: it can be returned from components, and it can hold any other view.

// The macro names this crate as its users do.
extern crate self as view;

mod attribute;
mod control_flow;
mod convert;
mod element;
mod fragment;
mod html;
mod hydration;
mod list;
mod node;
mod patch;
mod property;
mod render;
#[cfg(feature = "ssr")]
mod render_budget;
mod text;

pub use leptos::prelude::*;
pub use view_macros::view;

pub use attribute::AttributeValue;
pub use control_flow::{For, Show};
pub use convert::{AttributeSource, IntoAttributeValue, IntoNode};
pub use element::{Element, ElementRef, element, svg_element};
pub use hydration::is_document_changed;
pub use list::keyed;
pub use node::{Node, dynamic, fragment};
pub use property::{IntoPropertyValue, PropertyValue};
#[cfg(feature = "ssr")]
pub use render_budget::RenderBudget;

#[cfg(test)]
#[cfg(feature = "ssr")]
mod tests;

/// Leptos's prelude, with this crate's `view!`, `For` and `Show` in place of Leptos's.
pub mod prelude {
    pub use leptos::prelude::*;

    pub use crate::{For, Show, view};
}

/// What [`view!`](crate::view!) expands to. Not a part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        convert::{component_node, to_node},
        element::AttributePart,
    };
    pub use leptos;
}
