//! Exports a whole thread as a file. The file is streamed page by page, so that the thread is never
//! in memory as a whole.

mod markdown;

use codex_app_server_client::{
    BridgeError,
    protocol::{FullTurnsList, FullTurnsPage, HistoricalTurn, Thread, ThreadRead, is_thread_empty},
};
use codex_gateway_wire::{Json, OwnerId, ThreadId, api::ExportFormat, transcript::title_from_prompt};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde::Deserialize;

use super::{Sessions, threads};
use crate::{blocking::run_blocking, error::SessionError};

/// Number of turns that are requested at once.
const TURNS_PAGE_SIZE: u32 = 16;

/// A thread as a file.
pub struct Export {
    /// The thread's title.
    pub title: Option<String>,
    /// The pieces of the file. After an error the file is incomplete.
    pub pieces: BoxStream<'static, Result<String, SessionError>>,
}

/// The state of an export.
struct ExportWriter {
    sessions: Sessions,
    owner: OwnerId,
    thread: ThreadId,
    format: ExportFormat,
    /// What is written next.
    next: Option<NextPiece>,
    /// Number of turns that are requested at once.
    limit: u32,
    first: bool,
}

enum NextPiece {
    Page(Option<String>),
    End,
}

impl Sessions {
    /// Exports a thread of the owner. The first piece is available when this returns.
    ///
    /// # Errors
    /// [`SessionError::ThreadNotFound`], also for another owner's thread;
    /// [`SessionError::ReadersBusy`], or an error of codex.
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
        let thread = threads::parse_thread_id(thread).ok_or(SessionError::ThreadNotFound)?;
        self.authorize(owner, &thread).await?;
        let request = ThreadRead { thread_id: thread.clone(), include_turns: false };
        let raw = self.request_for_thread(owner, &thread, &request).await.map_err(threads::thread_error)?;
        let raw = threads::parse_json::<Read>(&raw)?.thread;
        let Thread { name, preview, .. } = threads::parse_json(&raw)?;
        let name = name.filter(|name| !name.is_empty());
        let title = name.or_else(|| title_from_prompt(preview.as_deref().unwrap_or_default()));
        let head = match format {
            ExportFormat::Markdown => markdown::head(title.as_deref()),
            ExportFormat::Json => format!("{{\"thread\":{},\"turns\":[", raw.get()),
        };
        let mut writer = ExportWriter {
            sessions: self.clone(),
            owner: owner.clone(),
            thread: thread.clone(),
            format,
            next: Some(NextPiece::Page(None)),
            limit: TURNS_PAGE_SIZE,
            first: true,
        };
        self.inner.indexing.wait_until_readable(&thread).await?;
        // The first piece is read here, so that an error becomes the status of the response.
        let mut first = writer.piece().await?.unwrap_or_default();
        if first.is_empty() && self.index_if_needed(owner, &thread).await? {
            writer.next = Some(NextPiece::Page(None));
            first = writer.piece().await?.unwrap_or_default();
        }
        let rest = stream::try_unfold(writer, |mut writer| async move {
            Ok(writer.piece().await?.map(|piece| (piece, writer)))
        });
        let pieces = stream::iter([Ok(head), Ok(first)]).chain(rest).boxed();
        Ok(Export { title, pieces })
    }
}

impl ExportWriter {
    /// Returns the next piece. `None` at the end.
    async fn piece(&mut self) -> Result<Option<String>, SessionError> {
        let cursor = match self.next.take() {
            Some(NextPiece::End) if self.format == ExportFormat::Json => return Ok(Some("]}\n".to_owned())),
            None | Some(NextPiece::End) => return Ok(None),
            Some(NextPiece::Page(cursor)) => cursor,
        };
        let FullTurnsPage { data, next_cursor } = self.page(cursor.clone()).await?;
        // A cursor that equals the current one would lead to an endless loop.
        let next_cursor = next_cursor.filter(|next| !data.is_empty() && cursor.as_ref() != Some(next));
        self.next = Some(next_cursor.map_or(NextPiece::End, |next| NextPiece::Page(Some(next))));
        let (format, is_first) = (self.format, std::mem::take(&mut self.first));
        run_blocking(move || write_turns(format, is_first, &data)).await?.map(Some)
    }

    async fn page(&mut self, cursor: Option<String>) -> Result<FullTurnsPage, SessionError> {
        loop {
            let request = FullTurnsList::oldest(self.thread.clone(), cursor.clone(), self.limit);
            match self.sessions.request_for_thread(&self.owner, &self.thread, &request).await {
                Err(SessionError::Codex(BridgeError::ReplyTooLong)) if self.limit > 1 => self.limit = 1,
                // A thread without turns has no list of turns.
                Err(SessionError::Codex(BridgeError::Refused { error, .. })) if is_thread_empty(&error) => {
                    return Ok(FullTurnsPage::default());
                }
                page => return page.map_err(threads::thread_error),
            }
        }
    }
}

/// Writes turns in the format of the export.
fn write_turns(format: ExportFormat, is_first: bool, turns: &[Json]) -> Result<String, SessionError> {
    let mut piece = String::new();
    for (at, turn) in turns.iter().enumerate() {
        match format {
            ExportFormat::Json => {
                piece.push_str(if is_first && at == 0 { "" } else { "," });
                piece.push_str(turn.get());
            }
            ExportFormat::Markdown => {
                markdown::turn(&mut piece, &threads::parse_json::<HistoricalTurn>(turn)?);
            }
        }
    }
    Ok(piece)
}
