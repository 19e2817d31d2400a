//! The channel between the tabs of one browser.
//!
//! Unlike Web Locks and service workers, a `BroadcastChannel` needs no secure context: it works at `http://192.168.…`.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

use super::message::TabMessage;
use crate::browser;

/// A channel to all other tabs. Closed when dropped.
pub(super) struct Channel {
    channel: BroadcastChannel,
    /// Called by the browser with each message.
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Channel {
    /// Opens a channel. `None` if the browser has no such channels.
    ///
    /// The name is made unique for this gateway: others on the same host do not share the channel.
    pub(super) fn open(name: &str, on_message: impl Fn(TabMessage) + 'static) -> Option<Self> {
        if !browser::has_global("BroadcastChannel") {
            return None;
        }
        let channel = BroadcastChannel::new(&browser::namespaced(name)).ok()?;
        let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let words = event.data().as_string().and_then(|words| serde_json::from_str(&words).ok());
            if let Some(message) = words.and_then(TabMessage::parse) {
                on_message(message);
            }
        });
        channel.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        Some(Self { channel, _listener: listener })
    }

    /// Sends a message to all other tabs.
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
