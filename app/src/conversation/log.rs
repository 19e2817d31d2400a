//! The log: turn after turn, then what was sent and has not come back yet.

use leptos::{html, prelude::*};

use super::{Chat, scroll::Scroll, turn::group_view, unsent::unsent_view};
use crate::icon::{Icon, icon};

pub(crate) fn log_view(chat: Chat) -> AnyView {
    let t = chat.t;
    let (scroller, content) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let scroll = Scroll::follow(chat.live, scroller, content);
    let older = move || chat.live.older().then(|| view! { <p class="note">{t.older_left_out}</p> });
    let latest = move || {
        scroll.away().then(|| {
            let label = if scroll.unseen() { t.new_messages } else { t.to_latest };
            view! {
                <button type="button" class="latest" on:click=move |_| scroll.to_end()>
                    {icon(Icon::Down)} <span>{label}</span>
                </button>
            }
        })
    };
    view! {
        <div class="viewport">
            <div class="scroll" node_ref=scroller on:scroll=move |_| scroll.scrolled() tabindex="-1">
                <div
                    class="log"
                    node_ref=content
                    role="log"
                    aria-label=t.conversation
                    aria-busy=move || chat.running().to_string()
                    data-at=move || chat.live.at().to_string()
                    on:click=move |event| scroll.clicked(&event)
                >
                    {older}
                    <For
                        each=move || chat.live.order()
                        key=|group| group.clone()
                        children=move |group| group_view(chat, group)
                    />
                    <For
                        each=move || chat.outbox.all()
                        key=|message| (message.client_id.clone(), format!("{:?}", message.state))
                        children=move |message| unsent_view(chat, message)
                    />
                </div>
            </div>
            {latest}
        </div>
    }
    .into_any()
}
