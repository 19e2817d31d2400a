//! Suggestions for misspelled names.

use strsim::damerau_levenshtein;

/// Minimum length of two names for a prefix of one to suggest the other, in characters.
const MIN_SHARED_CHARS: usize = 4;

/// Returns the most similar known name, if one is similar enough.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = normalize(name);
    let ranked = known.filter_map(|known| {
        let normal = normalize(known);
        let distance = damerau_levenshtein(&wanted, &normal);
        let lengths = [wanted.chars().count(), normal.chars().count()];
        let shares = lengths.iter().all(|length| *length >= MIN_SHARED_CHARS)
            && (wanted.starts_with(&normal) || normal.starts_with(&wanted));
        let is_near = shares || distance <= lengths[0].max(lengths[1]).div_ceil(3);
        is_near.then_some((distance, known))
    });
    ranked.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// Normalises a name: `sandbox_mode`, `sandboxMode` and `Sandbox-Mode` are equal.
fn normalize(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_found_within_distance() {
        let known = ["approvalPolicy", "approvals", "cwd", "effort", "model", "sandbox", "title"];
        let nearest = |name| nearest(name, known.into_iter());
        assert_eq!(nearest("approval"), Some("approvals"));
        assert_eq!(nearest("approval_policy"), Some("approvalPolicy"));
        assert_eq!(nearest("sandbox_mode"), Some("sandbox"));
        assert_eq!(nearest("modle"), Some("model"));
        assert_eq!(nearest("CWD"), Some("cwd"));
        for far in ["", "x", "directory", "日本語"] {
            assert_eq!(nearest(far), None, "{far}");
        }
    }
}
