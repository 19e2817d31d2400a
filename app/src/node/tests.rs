use leptos::prelude::*;

use super::*;

fn html<N: Into<Node>>(node: impl Fn() -> N) -> String {
    Owner::new().with(|| node().into().to_html())
}

#[test]
fn elements_are_written_with_their_attributes() {
    let hidden = |set: bool| el("p").class("a").attr("hidden", set).attr("title", "<\"&").child("text");
    assert_eq!(html(|| hidden(true)), r#"<p class="a" hidden title="&lt;&quot;&amp;">text</p>"#);
    assert_eq!(html(|| hidden(false)), r#"<p class="a" title="&lt;&quot;&amp;">text</p>"#);
}

#[test]
fn text_is_escaped() {
    assert_eq!(html(|| "<b>&"), "&lt;b&gt;&amp;");
}

#[test]
fn pieces_stand_so_that_they_can_be_told_apart() {
    // Two texts are parted by a comment, and so is a place where something may come.
    let pieces = || el("p").child("a").child("b").child(None::<&'static str>).child("c");
    assert_eq!(html(pieces), "<p>a<!>b<!>c</p>");
    assert_eq!(html(|| many(["a", "b"])), "a<!>b<!>");
}

#[test]
fn live_pieces_and_attributes_are_written_as_they_are_now() {
    let owner = Owner::new();
    owner.set();
    let count = RwSignal::new(2);
    let node = || {
        let text = move || count.get().to_string();
        el("p").live_attr("data-n", text).live_attr("hidden", move || count.get() > 2).child(live(text))
    };
    assert_eq!(html(node), r#"<p data-n="2">2</p>"#);
    count.set(3);
    assert_eq!(html(node), r#"<p data-n="3" hidden>3</p>"#);
}

#[test]
fn html_is_written_as_it_is() {
    let html_inside = || el("p").inner_html(|| "<b>&amp;</b>".to_owned()).class("a");
    assert_eq!(html(html_inside), r#"<p class="a"><b>&amp;</b></p>"#);
}

#[test]
fn lists_are_written_in_order() {
    let items = || list(|| vec!["b".to_owned(), "a".to_owned()], |key| el("li").child(key).into());
    assert_eq!(html(|| el("ul").child(items())), "<ul><li>b</li><li>a</li><!></ul>");
}
