//! Components in a browser: hydrated from the HTML of the server, and built there. Both must show the same, at first
//! and after each change.
//!
//! `cargo xtask test wasm` runs these tests in Chromium.
#![cfg(all(target_arch = "wasm32", feature = "hydrate"))]
#![allow(unreachable_pub)]

use leptos::{
    mount::{hydrate_from, mount_to},
    prelude::*,
    task::tick,
};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

mod sample {
    use view::prelude::*;

    include!("sample/components.rs");
}
use sample::{Plan, PlanProps, Step, steps};

wasm_bindgen_test_configure!(run_in_browser);

/// What the server writes for the sample; `leaving.rs` checks that it does.
const SERVER_HTML: &str = include_str!("sample/plan.html");

/// A sample in the document. It is removed when the test ends.
struct Mounted {
    steps: RwSignal<Vec<Step>>,
    parent: HtmlElement,
    _unmount: Box<dyn Drop>,
}

impl Mounted {
    /// Hydrates the HTML of the server.
    fn hydrated() -> Self {
        let parent = container(SERVER_HTML.trim_end());
        Self::new(parent, |parent, steps| Box::new(hydrate_from(parent, move || Plan(PlanProps { steps }))))
    }

    /// Builds the same in the browser.
    fn built() -> Self {
        Self::new(container(""), |parent, steps| {
            Box::new(mount_to(parent, move || Plan(PlanProps { steps })))
        })
    }

    fn new(
        parent: HtmlElement,
        mount: impl FnOnce(HtmlElement, RwSignal<Vec<Step>>) -> Box<dyn Drop>,
    ) -> Self {
        let owner = Owner::new_root(None);
        let steps = owner.with(|| RwSignal::new(steps()));
        let unmount = mount(parent.clone(), steps);
        // The signal lives as long as the page of the tests.
        std::mem::forget(owner);
        Self { steps, parent, _unmount: unmount }
    }

    /// Returns the HTML without the comments that mark places.
    fn html(&self) -> String {
        let html = self.parent.inner_html();
        let mut parts = html.split("<!--");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |html, part| html + part.split_once("-->").map_or(part, |(_, rest)| rest))
    }

    fn find(&self, selector: &str) -> Element {
        self.parent.query_selector(selector).unwrap().unwrap()
    }

    /// Returns the elements of the list.
    fn rows(&self) -> Vec<Element> {
        let list = self.find("ol").children();
        (0..list.length()).filter_map(|index| list.item(index)).collect()
    }

    fn type_into_filter(&self, text: &str) {
        let field: HtmlInputElement = self.find("input").unchecked_into();
        field.set_value(text);
        field.dispatch_event(&Event::new("input").unwrap()).unwrap();
    }
}

/// Adds a container of this HTML to the document.
fn container(html: &str) -> HtmlElement {
    let parent: HtmlElement = document().create_element("div").unwrap().unchecked_into();
    parent.set_inner_html(html);
    document().body().unwrap().append_child(&parent).unwrap();
    parent
}

/// Makes the same change to a hydrated sample and to a built one, and compares what they show.
async fn assert_same_after(change: impl Fn(&Mounted)) -> [Mounted; 2] {
    let both = [Mounted::hydrated(), Mounted::built()];
    both.iter().for_each(change);
    tick().await;
    assert_eq!(both[0].html(), both[1].html());
    both
}

#[wasm_bindgen_test]
async fn hydrated_sample_equals_built_sample() {
    assert_same_after(|_| {}).await;
    assert!(!view::is_document_changed());
}

#[wasm_bindgen_test]
async fn hydration_keeps_the_elements_of_the_server() {
    let parent = container(SERVER_HTML.trim_end());
    let before = parent.query_selector("ol > li").unwrap().unwrap();
    let owner = Owner::new_root(None);
    let steps = owner.with(|| RwSignal::new(steps()));
    let _unmount = hydrate_from(parent.clone(), move || Plan(PlanProps { steps }));
    assert!(parent.query_selector("ol > li").unwrap().unwrap().is_same_node(Some(&before)));
}

#[wasm_bindgen_test]
async fn clicks_switch_the_dialog() {
    let both =
        assert_same_after(|sample| sample.find("button").unchecked_into::<HtmlElement>().click()).await;
    assert!(both[0].html().contains("<p>3 steps</p>"), "{}", both[0].html());
    assert_eq!(both[0].find("button").text_content().as_deref(), Some("Close"));
}

#[wasm_bindgen_test]
async fn typing_filters_the_list_and_sets_the_class() {
    let both = assert_same_after(|sample| sample.type_into_filter("2")).await;
    for sample in &both {
        assert_eq!(sample.rows().len(), 1);
        assert!(sample.find("input").class_list().contains("filled"));
    }
}

#[wasm_bindgen_test]
async fn rows_that_move_stay_the_same_elements() {
    for sample in [Mounted::hydrated(), Mounted::built()] {
        let before = sample.rows();
        sample.steps.update(|steps| steps.rotate_right(1));
        tick().await;
        let after = sample.rows();
        assert_eq!(after.len(), 3);
        for (index, row) in after.iter().enumerate() {
            assert!(row.is_same_node(Some(&before[(index + 2) % 3])), "row {index}");
        }
    }
}

#[wasm_bindgen_test]
async fn rows_are_added_and_removed_in_place() {
    let both = assert_same_after(|sample| {
        sample.steps.update(|steps| {
            steps.remove(1);
            steps.insert(0, Step { id: 9, title: "First".into(), is_done: true });
        });
    })
    .await;
    let titles: Vec<_> = both[0].rows().iter().filter_map(|row| row.text_content()).collect();
    assert_eq!(titles, [" First", " Step 1", " Step 3"]);
}

#[wasm_bindgen_test]
async fn attributes_that_repeat_are_joined_and_follow_their_signals() {
    let both = assert_same_after(|sample| sample.steps.update(|steps| steps.clear())).await;
    for sample in &both {
        let list = sample.find("ol");
        assert!(list.class_list().contains("steps") && list.class_list().contains("empty"));
        assert_eq!(list.get_attribute("style").as_deref(), Some("width:10em;"));
    }
}
