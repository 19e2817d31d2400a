//! Recognises images by their content.

use std::io::Cursor;

use codex_gateway_wire::api::ImageKind;
use imagesize::ImageType;

/// The maximum number of pixels of an image. Codex decodes the images that it sends to the model.
const MAX_PIXELS: u64 = 64_000_000;

/// Why content cannot be used as an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadImage {
    /// The content has none of the supported formats.
    #[error("this is no PNG, JPEG, GIF or WebP image")]
    Unknown,
    /// The image is damaged or truncated.
    #[error("the image is damaged, or a piece of it is missing")]
    Broken,
    /// The image has too many pixels.
    #[error("the image is {width} × {height} pixels; it may have {} million at most", MAX_PIXELS / 1_000_000)]
    TooManyPixels {
        /// The width in pixels.
        width: u64,
        /// The height in pixels.
        height: u64,
    },
}

/// The format and the displayed size of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub kind: ImageKind,
    pub width: u32,
    pub height: u32,
}

/// Reads the header of an image. The pixels are not decoded: an image counts as complete if its end marker is there.
pub(super) fn read(content: &[u8]) -> Result<Image, BadImage> {
    let kind = match imagesize::image_type(content) {
        Ok(ImageType::Png) => ImageKind::Png,
        Ok(ImageType::Jpeg) => ImageKind::Jpeg,
        Ok(ImageType::Gif) => ImageKind::Gif,
        Ok(ImageType::Webp) => ImageKind::Webp,
        Ok(_) | Err(_) => return Err(BadImage::Unknown),
    };
    let size = imagesize::blob_size(content).map_err(|_| BadImage::Broken)?;
    let (width, height) = (size.width as u64, size.height as u64);
    if width == 0 || height == 0 || !is_complete(kind, content) {
        return Err(BadImage::Broken);
    }
    if width.saturating_mul(height) > MAX_PIXELS {
        return Err(BadImage::TooManyPixels { width, height });
    }
    let [Ok(width), Ok(height)] = [width, height].map(u32::try_from) else { return Err(BadImage::Broken) };
    let (width, height) = if is_rotated(kind, content) { (height, width) } else { (width, height) };
    Ok(Image { kind, width, height })
}

/// Returns `true` if an image is displayed with width and height swapped. Cameras store pixels in the orientation of
/// the sensor, and the orientation of the camera in EXIF.
fn is_rotated(kind: ImageKind, content: &[u8]) -> bool {
    if kind == ImageKind::Gif {
        return false;
    }
    let mut reader = exif::Reader::new();
    // Other damaged fields do not hide the orientation.
    reader.continue_on_error(true);
    let exif = reader
        .read_from_container(&mut Cursor::new(content))
        .or_else(|error| error.distill_partial_result(|_| {}));
    let orientation = exif
        .ok()
        .and_then(|exif| exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0));
    orientation.is_some_and(|orientation| (5..=8).contains(&orientation))
}

/// Returns `true` if an image has its end marker. Programs append data of their own after the marker.
fn is_complete(kind: ImageKind, content: &[u8]) -> bool {
    let has = |end: &[u8]| memchr::memmem::rfind(content, end).is_some();
    match kind {
        ImageKind::Png => has(b"IEND\xaeB`\x82"),
        ImageKind::Jpeg => has(b"\xff\xd9"),
        ImageKind::Gif => has(b"\x00;"),
        ImageKind::Webp => {
            let size = content.get(4..8).and_then(|size| size.try_into().ok()).map_or(0, u32::from_le_bytes);
            content.len() as u64 >= u64::from(size) + 8
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A PNG with these dimensions, without pixels. Its checksums are wrong, except for the last.
    pub(in crate::uploads) fn png(width: u32, height: u32) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0, 0, 0, 0, 0]].concat();
        let end = b"\0\0\0\0IEND\xaeB`\x82";
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", &header[..], end].concat()
    }

    fn gif() -> Vec<u8> {
        let frame = b",\0\0\0\0\x05\0\x04\0\0\x02\x02D\x01\0;";
        [b"GIF89a\x05\0\x04\0\x80\0\0\0\0\0\xff\xff\xff", &frame[..]].concat()
    }

    fn jpeg() -> Vec<u8> {
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08\0\x06\0\x07\x01\x01\x11\0\xff\xd9".to_vec()
    }

    fn webp() -> Vec<u8> {
        let chunk = b"VP8L\x05\0\0\0\x2f\x08\x40\x02\0\0";
        let size = u32::try_from(chunk.len() + 4).unwrap().to_le_bytes();
        [b"RIFF", &size[..], b"WEBP", chunk].concat()
    }

    #[test]
    fn images_are_recognised_by_their_content() {
        for (content, kind, width, height) in [
            (png(3, 2), ImageKind::Png, 3, 2),
            (gif(), ImageKind::Gif, 5, 4),
            (jpeg(), ImageKind::Jpeg, 7, 6),
            (webp(), ImageKind::Webp, 9, 10),
        ] {
            assert_eq!(read(&content), Ok(Image { kind, width, height }));
            let half = &content[..content.len() - 4];
            assert_eq!(read(half), Err(BadImage::Broken), "{kind:?} without its end");
        }
    }

    /// The content of an EXIF block that has only an orientation.
    fn exif(orientation: u8) -> Vec<u8> {
        let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
        [b"MM\0\x2a\0\0\0\x08\0\x01", &entry[..], b"\0\0\0\0"].concat()
    }

    /// The JPEG with an EXIF orientation, as cameras write it.
    fn photo(orientation: u8) -> Vec<u8> {
        let block = [b"Exif\0\0", &exif(orientation)[..]].concat();
        let length = u16::try_from(block.len() + 2).unwrap().to_be_bytes();
        let jpeg = jpeg();
        [&jpeg[..2], b"\xff\xe1", &length, &block, &jpeg[2..]].concat()
    }

    #[test]
    fn photo_has_the_displayed_width_and_height() {
        for orientation in 1..=8 {
            let (width, height) = if orientation < 5 { (7, 6) } else { (6, 7) };
            let image = Image { kind: ImageKind::Jpeg, width, height };
            assert_eq!(read(&photo(orientation)), Ok(image), "orientation {orientation}");
        }
        let mut damaged = photo(6);
        let at = memchr::memmem::find(&damaged, b"\x01\x12\0\x03").unwrap();
        damaged[at] = 0xff;
        assert_eq!(read(&damaged), read(&jpeg()), "no orientation, no error");
    }

    #[test]
    fn other_content_is_refused() {
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let bmp = b"BM\x1e\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\x01\0\x01\0\x01\0\x18\0\0\0\xff\0";
        for other in [&b""[..], b"\x89PNG", b"hello, I am a cat", b"<!doctype html>", svg, bmp, b"%PDF-1.7"] {
            assert_eq!(read(other), Err(BadImage::Unknown), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn image_with_too_many_pixels_or_none_is_refused() {
        let large = BadImage::TooManyPixels { width: 60_000, height: 60_000 };
        assert_eq!(read(&png(60_000, 60_000)), Err(large));
        assert_eq!(read(&png(0, 5)), Err(BadImage::Broken));
    }
}
