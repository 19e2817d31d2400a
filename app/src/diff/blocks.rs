//! Which lines of a change stand together.

use codex_gateway_wire::diff::{DiffLine, LineKind};

/// Lines that stand together, each with its place among all.
#[derive(Debug, PartialEq)]
pub(super) enum Block<'a> {
    /// So many lines are left out here.
    Skipped(u32),
    /// Lines that are the same on both sides.
    Same(&'a [(usize, DiffLine<'a>)]),
    /// Lines that go, and lines that come in their place.
    Changed(&'a [(usize, DiffLine<'a>)]),
}

/// Takes a change apart.
pub(super) fn blocks<'a>(lines: &'a [(usize, DiffLine<'a>)]) -> Vec<Block<'a>> {
    let mut next = 1;
    let mut blocks = Vec::new();
    for run in lines.chunk_by(|(_, one), (_, other)| class(one.kind) == class(other.kind)) {
        let Some((_, first)) = run.first() else { continue };
        match first.kind {
            LineKind::Hunk => blocks.push(Block::Skipped(first.old.unwrap_or(next).saturating_sub(next))),
            LineKind::Context => blocks.push(Block::Same(run)),
            LineKind::Added | LineKind::Removed => blocks.push(Block::Changed(run)),
        }
        let last = run.iter().rev().find_map(|(_, line)| line.old);
        next = last.map_or(next, |last| if first.kind == LineKind::Hunk { last } else { last + 1 });
    }
    blocks
}

fn class(kind: LineKind) -> u8 {
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
    fn a_change_falls_into_blocks_and_what_is_between_is_counted() {
        let kind = PatchChangeKind { kind: "update".to_owned(), move_path: None };
        let diff = "@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n@@ -41,2 +42,1 @@\n e\n-f\n".to_owned();
        let change = FileUpdateChange { path: "a".to_owned(), kind, diff };
        let lines: Vec<_> = diff_lines(&change).into_iter().enumerate().collect();
        let seen: Vec<_> = blocks(&lines)
            .into_iter()
            .map(|block| match block {
                Block::Skipped(count) => ("skipped", count as usize),
                Block::Same(lines) => ("same", lines.len()),
                Block::Changed(lines) => ("changed", lines.len()),
            })
            .collect();
        let expected =
            [("skipped", 0), ("same", 1), ("changed", 3), ("skipped", 38), ("same", 1), ("changed", 1)];
        assert_eq!(seen, expected);
    }
}
