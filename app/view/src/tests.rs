//! What `view!` writes as HTML, construct by construct.

use leptos::html;

use crate::{IntoNode as _, Node, element, fragment, prelude::*};

/// Renders a view in an owner of its own.
fn html_of(view: impl FnOnce() -> Node) -> String {
    Owner::new().with(|| view().to_html())
}

#[test]
fn element_is_written_with_its_attributes() {
    let paragraph = |hidden: bool| html_of(|| view! { <p class="a" hidden=hidden title="<\"&">"text"</p> });
    assert_eq!(paragraph(true), r#"<p class="a" hidden title="&lt;&quot;&amp;">text</p>"#);
    assert_eq!(paragraph(false), r#"<p class="a" title="&lt;&quot;&amp;">text</p>"#);
}

#[test]
fn text_is_escaped() {
    assert_eq!(html_of(|| view! { "<b>&" }), "&lt;b&gt;&amp;");
}

#[test]
fn unquoted_text_keeps_single_spaces() {
    assert_eq!(html_of(|| view! { <p>Some plain text</p> }), "<p>Some plain text</p>");
}

#[test]
fn neighbouring_texts_and_empty_nodes_are_parted_by_comments() {
    assert_eq!(html_of(|| view! { <p>"a" "b" {None::<&str>} "c"</p> }), "<p>a<!>b<!>c</p>");
    assert_eq!(html_of(|| fragment(["a", "b"])), "a<!>b<!>");
}

#[test]
fn void_element_has_no_end_tag() {
    assert_eq!(html_of(|| view! { <p><input name="a"/><br/>"b"</p> }), r#"<p><input name="a"><br>b</p>"#);
}

#[test]
fn closures_and_signals_are_written_with_their_present_values() {
    let owner = Owner::new();
    owner.set();
    let count = RwSignal::new(2);
    let paragraph = move || {
        view! { <p data-n=count hidden=move || { count.get() > 2 }>{count} " or " {move || count.get() + 1}</p> }
    };
    assert_eq!(html_of(paragraph), r#"<p data-n="2">2<!> or <!>3</p>"#);
    count.set(3);
    assert_eq!(html_of(paragraph), r#"<p data-n="3" hidden>3<!> or <!>4</p>"#);
}

#[test]
fn classes_and_styles_of_several_parts_are_one_attribute() {
    let owner = Owner::new();
    owner.set();
    let is_open = RwSignal::new(false);
    let div = move || view! { <div class="a b" class:open=is_open class=("d-e", true) style="color: red" style:width="1px"/> };
    assert_eq!(html_of(div), r#"<div style="color: red;width:1px;" class="a b d-e"></div>"#);
    is_open.set(true);
    assert_eq!(html_of(div), r#"<div style="color: red;width:1px;" class="a b open d-e"></div>"#);
}

#[test]
fn attributes_are_written_in_the_order_of_the_source() {
    let button = || view! { <button type="button" class="link" title="a" style="top: 0">"b"</button> };
    assert_eq!(html_of(button), r#"<button type="button" class="link" title="a" style="top: 0">b</button>"#);
}

#[test]
fn attribute_that_is_set_twice_has_its_last_value() {
    assert_eq!(
        html_of(|| element("p").attribute("title", "a").attribute("title", || "b").into_node()),
        r#"<p title="b"></p>"#
    );
}

#[test]
fn inner_html_is_written_as_it_is() {
    assert_eq!(
        html_of(|| view! { <p class="a" inner_html="<b>&amp;</b>"/> }),
        r#"<p class="a"><b>&amp;</b></p>"#
    );
}

#[test]
fn listeners_properties_and_references_are_not_written() {
    let node = || {
        let input = NodeRef::<html::Input>::new();
        view! { <input node_ref=input prop:value="a" on:input=|_| {} on:my-event=|_: leptos::web_sys::Event| {}/> }
    };
    assert_eq!(html_of(node), "<input>");
}

#[test]
fn svg_and_fragments_are_written() {
    let node = || view! { <><svg viewBox="0 0 1 1"><path d="M0 0"/></svg>"x"</> };
    assert_eq!(html_of(node), r#"<svg viewBox="0 0 1 1"><path d="M0 0"></path></svg>x<!>"#);
}

#[component]
fn Item(label: &'static str, #[prop(optional)] done: bool, children: Children) -> impl IntoView {
    view! { <li data-done=done.then_some("yes")>{label} {children()}</li> }
}

#[test]
fn component_takes_properties_and_children() {
    let list = || view! { <ul><Item label="a"><b>"!"</b></Item><Item label="b" done=true>""</Item></ul> };
    assert_eq!(html_of(list), r#"<ul><li>a<b>!</b></li><li data-done="yes">b<!></li></ul>"#);
}

#[test]
fn component_that_returns_another_view_is_kept() {
    #[component]
    fn Plain() -> impl IntoView {
        leptos::prelude::view! { <i>"plain"</i> }
    }
    assert_eq!(html_of(|| view! { <p><Plain/></p> }), "<p><i>plain</i></p>");
}

#[test]
fn show_is_written_by_its_condition() {
    let show = |when: bool| {
        html_of(move || view! { <p><Show when=move || when fallback=|| view! { "no" }>"yes"</Show></p> })
    };
    assert_eq!(show(true), "<p>yes</p>");
    assert_eq!(show(false), "<p>no</p>");
}

#[test]
fn for_writes_its_rows_in_order() {
    let list = || {
        view! { <ul><For each=|| [2, 1] key=|n| *n let:n><li>{n}</li></For></ul> }
    };
    assert_eq!(html_of(list), "<ul><li>2</li><li>1</li><!></ul>");
}
