//! A whole thread as a file. It is told page by page, so that nobody holds all of it.

mod markdown;

use codex_gateway_wire::{Json, OwnerId, ThreadId, api::ExportFormat, transcript::title};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Deserialize;

use super::{Sessions, threads};
use crate::{
    aside::aside,
    bridge::{
        BridgeError,
        protocol::{PastTurn, Thread, ThreadRead, WholeTurns, WholeTurnsPage, is_without_turns},
    },
    error::SessionError,
};

/// How many turns are asked for at once.
const PAGE: u32 = 16;

/// A thread as a file.
pub struct Export {
    /// What the thread is called.
    pub title: Option<String>,
    /// The file, piece by piece. If one cannot be had, the file is not whole.
    pub pieces: BoxStream<'static, Result<String, SessionError>>,
}

/// How far it is written.
struct Writer {
    sessions: Sessions,
    owner: OwnerId,
    thread: ThreadId,
    format: ExportFormat,
    /// What comes next.
    next: Option<Next>,
    /// How many turns are asked for at once.
    limit: u32,
    first: bool,
}

enum Next {
    Page(Option<String>),
    End,
}

impl Sessions {
    /// A thread of that owner, all of it. Its first piece is had when this answers.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also if it is somebody else's; [`SessionError::TooManyReads`], or what
    /// codex says.
    pub async fn export(
        &self,
        owner: &OwnerId,
        thread: &str,
        format: ExportFormat,
    ) -> Result<Export, SessionError> {
        #[derive(Deserialize)]
        struct Read {
            thread: Json,
        }
        let thread = threads::parse(thread).ok_or(SessionError::ThreadNotFound)?;
        self.admit(owner, &thread).await?;
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.ask_in(owner, &thread, &request).await.map_err(threads::no_thread)?;
        let raw = threads::read::<Read>(&raw)?.thread;
        let Thread { name, preview, .. } = threads::read(&raw)?;
        let name = name.filter(|name| !name.is_empty());
        let title = name.or_else(|| title(preview.as_deref().unwrap_or_default()));
        let head = match format {
            ExportFormat::Markdown => markdown::head(title.as_deref()),
            ExportFormat::Json => format!("{{\"thread\":{},\"turns\":[", raw.get()),
        };
        let mut writer = Writer {
            sessions: self.clone(),
            owner: owner.clone(),
            thread: thread.clone(),
            format,
            next: Some(Next::Page(None)),
            limit: PAGE,
            first: true,
        };
        self.inner.indexing.readable(&thread).await?;
        // Whoever cannot have it shall be told so by the status.
        let mut first = writer.piece().await?.unwrap_or_default();
        if first.is_empty() && self.index(owner, &thread).await? {
            writer.next = Some(Next::Page(None));
            first = writer.piece().await?.unwrap_or_default();
        }
        let rest = stream::try_unfold(writer, |mut writer| async move {
            Ok(writer.piece().await?.map(|piece| (piece, writer)))
        });
        let pieces = stream::iter([Ok(head), Ok(first)]).chain(rest).boxed();
        Ok(Export { title, pieces })
    }
}

impl Writer {
    /// The next piece; none at the end.
    async fn piece(&mut self) -> Result<Option<String>, SessionError> {
        let cursor = match self.next.take() {
            Some(Next::End) if self.format == ExportFormat::Json => return Ok(Some("]}\n".to_owned())),
            None | Some(Next::End) => return Ok(None),
            Some(Next::Page(cursor)) => cursor,
        };
        let WholeTurnsPage { data, next_cursor } = self.page(cursor.clone()).await?;
        // A cursor that leads to itself would lead there for ever.
        let goes_on = next_cursor.filter(|next| !data.is_empty() && cursor.as_ref() != Some(next));
        self.next = Some(goes_on.map_or(Next::End, |next| Next::Page(Some(next))));
        let (format, is_first) = (self.format, std::mem::take(&mut self.first));
        aside(move || write(format, is_first, &data)).await?.map(Some)
    }

    async fn page(&mut self, cursor: Option<String>) -> Result<WholeTurnsPage, SessionError> {
        loop {
            let request = WholeTurns::oldest(self.thread.clone(), cursor.clone(), self.limit);
            match self.sessions.ask_in(&self.owner, &self.thread, &request).await {
                Err(SessionError::Codex(BridgeError::ReplyTooLong)) if self.limit > 1 => self.limit = 1,
                // A thread that has had no turn yet has none to be listed.
                Err(SessionError::Codex(BridgeError::Refused { error, .. })) if is_without_turns(&error) => {
                    return Ok(WholeTurnsPage::default());
                }
                page => return page.map_err(threads::no_thread),
            }
        }
    }
}

/// Writes turns down, which begin the list of turns or go on with it.
fn write(format: ExportFormat, is_first: bool, turns: &[Json]) -> Result<String, SessionError> {
    let mut piece = String::new();
    for (at, turn) in turns.iter().enumerate() {
        match format {
            ExportFormat::Json => {
                piece.push_str(if is_first && at == 0 { "" } else { "," });
                piece.push_str(turn.get());
            }
            ExportFormat::Markdown => markdown::turn(&mut piece, &threads::read::<PastTurn>(turn)?),
        }
    }
    Ok(piece)
}
