//! The same components compile with this crate and with Leptos alone, and show the same.
#![cfg(feature = "ssr")]
#![allow(unreachable_pub)]

use leptos::prelude::{Owner, RenderHtml as _, RwSignal};

mod erased {
    use view::prelude::*;

    include!("sample/components.rs");
}

mod leptos_alone {
    use leptos::prelude::*;

    include!("sample/components.rs");
}

/// Returns the parts of a document that show: without the comments that mark places, with the attributes of each tag in
/// one order. (Leptos writes an empty `class` where no class is set.)
fn normalized(html: &str) -> Vec<String> {
    let tags = html.split('<').filter(|part| !part.starts_with('!'));
    let sorted = |part: &str| {
        let (tag, text) = part.split_once('>').unwrap_or(("", part));
        let mut attributes: Vec<_> = tag.split_inclusive("\" ").map(str::trim).collect();
        attributes.retain(|attribute| *attribute != "class=\"\"");
        let name =
            attributes.first().and_then(|first| first.split(' ').next()).unwrap_or_default().to_owned();
        let rest = attributes.first().map(|first| first[name.len()..].trim()).filter(|rest| !rest.is_empty());
        let mut all: Vec<_> = rest.into_iter().chain(attributes.iter().skip(1).copied()).collect();
        all.sort_unstable();
        format!("{name} {}>{text}", all.join(" "))
    };
    tags.map(sorted).collect()
}

#[test]
fn sample_shows_the_same_with_leptos_alone() {
    let owner = Owner::new();
    owner.set();
    let erased = erased::Plan(erased::PlanProps { steps: RwSignal::new(erased::steps()) }).to_html();
    let plain = leptos_alone::Plan(leptos_alone::PlanProps { steps: RwSignal::new(leptos_alone::steps()) });
    assert_eq!(normalized(&erased), normalized(&plain.to_html()));
    assert!(erased.contains("Step 3"), "{erased}");
    assert_eq!(
        erased,
        include_str!("sample/plan.html").trim_end(),
        "browser.rs hydrates this file: update it"
    );
}
