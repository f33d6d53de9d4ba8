//! Which texts are dates and times to Go's `time.Parse` in the four layouts that goyaml tries.

/// Whether a text is a timestamp.
pub(super) fn is_timestamp(text: &str) -> bool {
    date(text).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix(['T', 't']).and_then(time).is_some_and(is_zone)
            // The layout has a blank there; Go takes any number of them, even none before the end.
            || rest.strip_prefix(' ').map(|rest| rest.trim_start_matches(' ')).and_then(time) == Some("")
    })
}

/// `2006-1-2`; returns the rest.
fn date(text: &str) -> Option<&str> {
    let (year, rest) = text.split_once('-')?;
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year: u32 = year.parse().ok()?;
    let (month, rest) = number(rest)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then_some(rest)
}

/// `15:4:5.999999999`, the fraction being optional; returns the rest.
fn time(text: &str) -> Option<&str> {
    let (hour, rest) = number(text)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let Some(fraction) = rest.strip_prefix(['.', ',']) else { return Some(rest) };
    let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    Some(if after.len() < fraction.len() { after } else { rest })
}

/// `Z`, or `+07:00` and the like.
fn is_zone(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        b"Z" => true,
        [b'+' | b'-', hour @ .., b':', m1, m2] if hour.len() == 2 => {
            let two = |tens: u8, ones: u8| match (tens, ones) {
                (b'0'..=b'9', b'0'..=b'9') => Some((tens - b'0') * 10 + ones - b'0'),
                _ => None,
            };
            // Go allows 24 hours and 60 minutes here.
            two(hour[0], hour[1]).is_some_and(|hour| hour <= 24) && two(*m1, *m2).is_some_and(|minute| minute <= 60)
        }
        _ => false,
    }
}

/// A number of one or two digits, and the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values: Go 1.26, `!!timestamp` in go.yaml.in/yaml/v2 2.4.4.
    #[test]
    fn timestamps_are_gos() {
        for text in [
            "2001-12-14",
            "2001-1-2",
            "2000-02-29",
            "2001-12-14T21:59:43.10-05:00",
            "2001-12-14t21:59:43Z",
            "2001-12-14 21:59:43.10",
            "2001-12-14   1:2:3",
            "2001-12-14T21:59:43,1Z",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "",
            "2001",
            "2001-12",
            "2001-13-01",
            "2001-02-29",
            "1900-02-29",
            "2001-12-14T21:59:43",
            "2001-12-14 21:59:43 -5",
            "2001-12-14 21:59:43Z",
            "2001-12-14T24:00:00Z",
            "2001-12-14T21:59:43-0500",
            "2001-12-14x",
            "200-12-14",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }
}
