//! The `aws-chunked` content encoding: a body in chunks with sizes (and signatures) between them and checksums behind.
//! Signatures and checksums are dropped; sizes have to be right.

/// The body within, or what is wrong with the encoding.
pub(super) fn decode(encoded: &[u8]) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        let (line, after) = line(rest).ok_or("a chunk has no header line")?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| format!("{line:?} is no chunk header"))?;
        if size == 0 {
            // Trailers follow; they are checksums.
            return Ok(decoded);
        }
        let chunk = after.get(..size).ok_or("a chunk is shorter than its header says")?;
        decoded.extend_from_slice(chunk);
        rest = after[size..].strip_prefix(b"\r\n").ok_or("a chunk does not end where its header says")?;
    }
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_signatures_and_trailers_dropped() {
        for encoded in [
            "5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:nFf/8w==\r\n\r\n",
            "6;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\nhello!\r\n0;chunk-signature=b6c6\r\n\r\n",
        ] {
            assert_eq!(decode(encoded.as_bytes()).unwrap(), b"hello!");
        }
        assert_eq!(decode(b"0\r\n\r\n").unwrap(), b"");
    }

    #[test]
    fn a_broken_encoding_is_not_taken_for_a_body() {
        for (encoded, said) in [
            ("hello", "no header line"),
            ("zz\r\nhello\r\n", "is no chunk header"),
            ("6\r\nhello", "shorter than its header says"),
            ("4\r\nhello\r\n0\r\n\r\n", "does not end where its header says"),
            ("5\r\nhello\r\n", "no header line"),
        ] {
            let error = decode(encoded.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{encoded:?}: {error}");
        }
    }
}
