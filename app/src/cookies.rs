//! The cookies of a request.

use http::{HeaderMap, header};

/// The values of a cookie, in the order of the request.
///
/// The header is read as bytes: other applications on the same host set cookies too, and one that is not ASCII must not
/// hide the others. HTTP/2 may send each cookie in a header line of its own.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let pair = pair.trim_ascii();
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(value).ok()
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(lines: &[&[u8]], name: &str) -> Vec<String> {
        let line = |line: &&[u8]| (header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        let headers: HeaderMap = lines.iter().map(line).collect();
        cookies(&headers, name).map(str::to_owned).collect()
    }

    #[test]
    fn odd_cookie_does_not_hide_others() {
        for odd in ["x=é".as_bytes(), b"x=\xff", b"x", b"", b"=", b"x=\"a,b\"", b"lang=\xff"] {
            let line = [odd, b"; lang=en;theme=dark"].concat();
            assert_eq!(of(&[&line], "lang"), ["en"], "{odd:?}");
            assert_eq!(of(&[odd, b"lang=en"], "lang"), ["en"], "{odd:?}");
        }
    }

    #[test]
    fn all_values_of_a_name_are_found_in_order() {
        assert_eq!(of(&[b"a=1; b=2; a=3", b"a=", b"xa=5; a =6"], "a"), ["1", "3", ""]);
        assert!(of(&[], "a").is_empty());
    }
}
