//! The page's icons, drawn on a grid of 16 by 16 with lines in the colour of the text.

use view::{Node, prelude::*};

/// An icon of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Agent,
    Alert,
    Archive,
    Attach,
    Branch,
    Brand,
    Chat,
    Check,
    Chevron,
    Close,
    Command,
    Compact,
    Down,
    Edit,
    File,
    Fork,
    Folder,
    Globe,
    Image,
    Info,
    List,
    Menu,
    More,
    NewChat,
    Panel,
    Question,
    Search,
    Send,
    Settings,
    Shield,
    Stop,
    Terminal,
    Thought,
    Timer,
    Tool,
    Up,
}

impl Icon {
    /// Returns the drawing, as the attribute `d` of an SVG path.
    fn path(self) -> &'static str {
        match self {
            Self::Agent => {
                "M8 2.5v2M4 4.5h8a1.5 1.5 0 0 1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.5 11V6A1.5 1.5 0 0 1 4 4.5ZM6 8v1M10 8v1"
            }
            Self::Alert => "M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.2v.1",
            Self::Archive => "M2.5 3.5h11v3h-11ZM3.5 6.5v6h9v-6M6.5 9h3",
            Self::Attach => "M8 3v10M3 8h10",
            Self::Branch => {
                "M4.5 5.5v5M4.5 2.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3ZM4.5 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3ZM11.5 2.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3ZM11.5 5.5c0 3-7 2-7 5"
            }
            Self::Brand => "M2.5 8 6 3h4l3.5 5L10 13H6L2.5 8ZM8 6.2v3.6M6.2 8h3.6",
            Self::Chat => {
                "M3 3h10a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H7l-3 2.5V11H3a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1Z"
            }
            Self::Command => {
                "M5.5 5.5h5v5h-5ZM5.5 5.5V4A1.5 1.5 0 1 0 4 5.5ZM10.5 5.5H12A1.5 1.5 0 1 0 10.5 4ZM10.5 10.5V12a1.5 1.5 0 1 0 1.5-1.5ZM5.5 10.5H4A1.5 1.5 0 1 0 5.5 12Z"
            }
            Self::Check => "m3.5 8.5 3 3 6-7",
            Self::Chevron => "m6 4 4 4-4 4",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Compact => "M3 8h10M8 1.5V6M6 4l2 2 2-2M8 14.5V10M6 12l2-2 2 2",
            Self::Down => "M8 3v10M4 9l4 4 4-4",
            Self::Edit => "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3 3 13Z",
            Self::File => {
                "M9 2H4.5A1.5 1.5 0 0 0 3 3.5v9A1.5 1.5 0 0 0 4.5 14h7a1.5 1.5 0 0 0 1.5-1.5V6L9 2ZM9 2v4h4M8 8v4M6 10h4"
            }
            Self::Fork => "M4.5 3v10M4.5 10.5c0-3 7-1.5 7-5M11.5 5.5 9.8 7.3M11.5 5.5l1.7 1.8",
            Self::Folder => {
                "M2 4.5A1.5 1.5 0 0 1 3.5 3h2.7l1.6 2h4.7A1.5 1.5 0 0 1 14 6.5v5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7Z"
            }
            Self::Globe => {
                "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM2 8h12M8 2c2 2 2.5 4 2.5 6S10 12 8 14c-2-2-2.5-4-2.5-6S6 4 8 2Z"
            }
            Self::Image => {
                "M3.5 2.5h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1ZM2.5 11l3-3 3 3 2-2 3 3M10.5 5.5v.1"
            }
            Self::Info => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 7.5V11M8 5.2v.1",
            Self::List => "m2.5 4 1 1 1.5-2M7.5 4h6M2.5 8.5l1 1L5 7.5M7.5 8.5h6M2.5 13l1 1L5 12M7.5 13h6",
            Self::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
            Self::More => "M3.5 8v.1M8 8v.1M12.5 8v.1",
            Self::NewChat => {
                "M7.5 3H4.5A1.5 1.5 0 0 0 3 4.5v7A1.5 1.5 0 0 0 4.5 13h7a1.5 1.5 0 0 0 1.5-1.5v-3M6.5 9.5l.5-2L12 2.5 13.5 4l-5 5-2 .5Z"
            }
            Self::Panel => {
                "M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3ZM10 3v10"
            }
            Self::Question => {
                "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6.3 6.3a1.7 1.7 0 1 1 2.5 1.5c-.5.3-.8.6-.8 1.2M8 11.2v.1"
            }
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.2 3.2",
            Self::Send => "M8 13V3M4 7l4-4 4 4",
            Self::Settings => {
                "M2.5 5h6M11.5 5h2M2.5 11h2M7.5 11h6M10 3.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3ZM6 9.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Z"
            }
            Self::Shield => "M8 2 3 4v4c0 3 2.2 5.2 5 6 2.8-.8 5-3 5-6V4L8 2Z",
            Self::Stop => "M5 4h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Z",
            Self::Terminal => "m3 4.5 3.5 3.5L3 11.5M8 12h5",
            Self::Up => "m4 10 4-4 4 4",
            Self::Thought => "M6 13.5h4M6.5 11.5c0-1.5-2-2.3-2-5a3.5 3.5 0 0 1 7 0c0 2.7-2 3.5-2 5h-3Z",
            Self::Timer => "M8 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM8 6v2.5l1.5 1M6.5 1.5h3",
            Self::Tool => {
                "M9.5 3.2a3.3 3.3 0 0 1 3.8-.7L11.2 4.6l.2.8.8.2 2.1-2.1A3.3 3.3 0 0 1 9.8 7.8L5 12.6A1.5 1.5 0 0 1 2.9 10.5L7.7 5.7c-.2-.9.2-1.9 1.8-2.5Z"
            }
        }
    }
}

/// Draws an icon. The text beside it, or the label of its button, says what it means.
pub(crate) fn icon(icon: Icon) -> Node {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=icon.path()></path>
        </svg>
    }
}

/// A button that shows an icon only. Further attributes are set with `attr:`.
#[component]
pub(crate) fn IconButton<F>(
    /// The accessible name, which is also the tooltip.
    label: &'static str,
    mark: Icon,
    press: F,
) -> impl IntoView
where
    F: Fn() + Send + 'static,
{
    view! {
        <button type="button" class="icon-button" aria-label=label title=label on:click=move |_| press()>
            {icon(mark)}
        </button>
    }
}
