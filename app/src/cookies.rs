//! Reading the cookies of a request.

use http::{HeaderMap, header};

/// Returns the values of a cookie, in the order of the request.
///
/// The header is read as bytes: another application on the same host may have set a cookie that is not ASCII, which must
/// not hide the others. HTTP/2 may send each cookie in its own header line.
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

    fn values(lines: &[&[u8]], name: &str) -> Vec<String> {
        let line = |line: &&[u8]| (header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        let headers: HeaderMap = lines.iter().map(line).collect();
        cookies(&headers, name).map(str::to_owned).collect()
    }

    #[test]
    fn malformed_cookie_does_not_hide_others() {
        for odd in ["x=é".as_bytes(), b"x=\xff", b"x", b"", b"=", b"x=\"a,b\"", b"lang=\xff"] {
            let line = [odd, b"; lang=en;theme=dark"].concat();
            assert_eq!(values(&[&line], "lang"), ["en"], "{odd:?}");
            assert_eq!(values(&[odd, b"lang=en"], "lang"), ["en"], "{odd:?}");
        }
    }

    #[test]
    fn all_values_of_a_name_are_returned_in_order() {
        assert_eq!(values(&[b"a=1; b=2; a=3", b"a=", b"xa=5; a =6"], "a"), ["1", "3", ""]);
        assert!(values(&[], "a").is_empty());
    }
}
