//! Groups of a diff's lines.

use codex_gateway_wire::diff::{DiffLine, LineKind};

/// Lines that stand together, each with its index in the diff.
#[derive(Debug, PartialEq)]
pub(super) enum Block<'a> {
    /// The number of unchanged lines that the diff leaves out here.
    Skipped(u32),
    /// Unchanged lines.
    Same(&'a [(usize, DiffLine<'a>)]),
    /// Removed lines, and the lines added in their place.
    Changed(&'a [(usize, DiffLine<'a>)]),
}

/// Splits a diff into blocks.
pub(super) fn blocks<'a>(lines: &'a [(usize, DiffLine<'a>)]) -> Vec<Block<'a>> {
    let mut next_line = 1;
    let mut blocks = Vec::new();
    for run in lines.chunk_by(|(_, one), (_, other)| group(one.kind) == group(other.kind)) {
        let Some((_, first)) = run.first() else { continue };
        match first.kind {
            LineKind::Hunk => {
                blocks.push(Block::Skipped(first.old.unwrap_or(next_line).saturating_sub(next_line)));
            }
            LineKind::Context => blocks.push(Block::Same(run)),
            LineKind::Added | LineKind::Removed => blocks.push(Block::Changed(run)),
        }
        let last = run.iter().rev().find_map(|(_, line)| line.old);
        next_line = last.map_or(next_line, |last| if first.kind == LineKind::Hunk { last } else { last + 1 });
    }
    blocks
}

/// Lines of one group that follow each other are one block.
fn group(kind: LineKind) -> u8 {
    match kind {
        LineKind::Hunk => 0,
        LineKind::Context => 1,
        LineKind::Added | LineKind::Removed => 2,
    }
}

#[cfg(test)]
mod tests {
    use codex_gateway_wire::{
        codex::{FileUpdateChange, PatchChangeKind},
        diff::diff_lines,
    };

    use super::*;

    #[test]
    fn diff_is_split_into_blocks_and_skipped_lines_are_counted() {
        let kind = PatchChangeKind { kind: "update".to_owned(), move_path: None };
        let diff = "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n@@ -41,2 +42,1 @@\n e\n-f\n".to_owned();
        let change = FileUpdateChange { path: "a".to_owned(), kind, diff };
        let lines: Vec<_> = diff_lines(&change).into_iter().enumerate().collect();
        let actual: Vec<_> = blocks(&lines)
            .into_iter()
            .map(|block| match block {
                Block::Skipped(count) => ("skipped", count as usize),
                Block::Same(lines) => ("same", lines.len()),
                Block::Changed(lines) => ("changed", lines.len()),
            })
            .collect();
        let expected =
            [("skipped", 0), ("same", 1), ("changed", 3), ("skipped", 38), ("same", 1), ("changed", 1)];
        assert_eq!(actual, expected);
    }
}
