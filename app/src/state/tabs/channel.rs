//! The channel between the tabs of one browser. (It is there without a secure context too: `http://192.168.…` has no
//! Web Locks and no service worker.)

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

use super::message::TabMessage;
use crate::browser;

/// A channel to all other tabs, for as long as it is held.
pub(super) struct Channel {
    channel: BroadcastChannel,
    /// What the browser calls with each message.
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    /// Opens the channel of that name, which other gateways on the same host do not share. `None` in a browser that has no such channels.
    pub(super) fn open(name: &str, take: impl Fn(TabMessage) + 'static) -> Option<Self> {
        if !browser::has("BroadcastChannel") {
            return None;
        }
        let channel = BroadcastChannel::new(&browser::own_name(name)).ok()?;
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let words = event.data().as_string().and_then(|words| serde_json::from_str(&words).ok());
            if let Some(message) = words.and_then(TabMessage::parse) {
                take(message);
            }
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Some(Self { channel, _listener: listener })
    }

    /// Tells all other tabs.
    pub(super) fn post(&self, message: TabMessage) {
        if let Ok(words) = serde_json::to_string(&message.into_words()) {
            let _ = self.channel.post_message(&JsValue::from_str(&words));
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
