//! What a plain scalar means in YAML 1.1 as kubectl reads it: the table of `go.yaml.in/yaml/v2` (`resolve.go`).

use super::tree::Kind;

/// The meaning of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that needs the unsigned range.
    Uint(u64),
    Float(f64),
    /// The text itself.
    String,
}

impl From<Scalar> for Kind {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Int(value) => Self::Int(value.cast_unsigned().into()),
            Scalar::Uint(value) => Self::Uint(value.into()),
            Scalar::Float(value) => Self::Float(value.to_bits().into()),
            Scalar::String => Self::Text,
        }
    }
}

/// Resolves a plain scalar without a tag.
#[inline]
pub(super) fn resolve(text: &str) -> Scalar {
    match text.as_bytes().first() {
        None => Scalar::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => special_float(text).or_else(|| go_float(text)).map_or(Scalar::String, Scalar::Float),
        // Four digits and a dash can be a date, and dates stay strings; nothing else that starts so is a number.
        Some(b'+' | b'-' | b'0'..=b'9') if text.as_bytes().get(4) != Some(&b'-') || digits(text) != 4 => number(text),
        Some(_) => Scalar::String,
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::String,
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Integers in Go's notations (base prefixes, old octals, underscores anywhere), else floats.
fn number(text: &str) -> Scalar {
    if let Some(value) = special_float(text) {
        return Scalar::Float(value);
    }
    let without: String;
    let plain = if text.contains('_') {
        without = text.replace('_', "");
        &without
    } else {
        text
    };
    go_integer(plain)
        .or_else(|| if is_yaml_float(plain) { finite(plain).map(Scalar::Float) } else { None })
        .or_else(|| odd_binary(plain))
        .unwrap_or(Scalar::String)
}

/// goyaml has its own way to read binary numbers, which takes a sign behind the prefix.
fn odd_binary(text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix("0b")?;
    let unsigned = digits.strip_prefix(['+', '-'])?;
    if !unsigned.starts_with(['0', '1']) {
        return None;
    }
    i64::from_str_radix(digits, 2).ok().map(Scalar::Int)
}

/// `strconv.ParseInt(text, 0, 64)`, then `ParseUint`.
fn go_integer(text: &str) -> Option<Scalar> {
    let (negative, magnitude) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = magnitude.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, &magnitude[2..]),
        Some("0o") => (8, &magnitude[2..]),
        Some("0b") => (2, &magnitude[2..]),
        Some(_) if magnitude.starts_with('0') => (8, &magnitude[1..]),
        _ => (10, magnitude),
    };
    // Rust's own parser would take a sign here.
    if !digits.bytes().next()?.is_ascii_hexdigit() {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(value).map(Scalar::Int);
    }
    match i64::try_from(value) {
        Ok(value) => Some(Scalar::Int(value)),
        // ParseUint takes no sign.
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Scalar::Uint(value)),
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits(fraction);
        if whole == 0 && length == 0 {
            return false;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// `strconv.ParseFloat` for what starts with a dot: underscores may stand between digits.
fn go_float(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return if is_yaml_float(text) { finite(text) } else { None };
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let are_between = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)));
    let plain = text.replace('_', "");
    if are_between && is_yaml_float(&plain) { finite(&plain) } else { None }
}

/// Too large a number is an error to Go, and then it stays a string.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A float as the key of a mapping: Go's `strconv.FormatFloat(value, 'g', -1, 32)`.
pub(super) fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "Go formats keys with 32 bits")]
    if (value as f32).is_infinite() {
        return if value > 0.0 { ".inf".to_owned() } else { "-.inf".to_owned() };
    }
    #[expect(clippy::cast_possible_truncation, reason = "Go formats keys with 32 bits")]
    let shortest = format!("{:e}", value as f32);
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Go decides as if there were six digits.
    if (-4..6).contains(&exponent) {
        #[expect(clippy::cast_possible_truncation, reason = "Go formats keys with 32 bits")]
        return format!("{}", value as f32);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values: facts about go.yaml.in/yaml/v2 2.4 (resolve.go), not our own output.
    #[test]
    fn booleans_and_nulls_are_yaml_1_1() {
        for text in ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"] {
            assert_eq!(resolve(text), Scalar::Bool(true), "{text}");
        }
        for text in ["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"] {
            assert_eq!(resolve(text), Scalar::Bool(false), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Scalar::Null, "{text}");
        }
        for text in ["tRUE", "yEs", "nULL", "oN", "name", "of", "true ", "nil"] {
            assert_eq!(resolve(text), Scalar::String, "{text}");
        }
    }

    #[test]
    fn integers_have_gos_notations() {
        let cases = [
            ("0", 0),
            ("-0", 0),
            ("+12", 12),
            ("0777", 511),
            ("012", 10),
            ("0o777", 511),
            ("0O17", 15),
            ("0x1F", 31),
            ("-0x1f", -31),
            ("0b101", 5),
            ("-0b11", -3),
            ("1_000", 1000),
            ("0x_ff", 255),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), Scalar::Int(value), "{text}");
        }
        assert_eq!(resolve("18446744073709551615"), Scalar::Uint(u64::MAX));
        assert_eq!(resolve("18446744073709551616"), Scalar::Float(18_446_744_073_709_551_616.0));
        for text in ["0x", "0b2", "1_a", "+-1", "--1", "190:20:30", "2001-12-14", "2001-13-99", "1.2.3", "0xg"] {
            assert_eq!(resolve(text), Scalar::String, "{text}");
        }
    }

    #[test]
    fn floats_follow_goyaml() {
        let cases = [("089", 89.0), ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("-1.5E-2", -0.015)];
        for (text, value) in cases {
            assert_eq!(resolve(text), Scalar::Float(value), "{text}");
        }
        assert_eq!(resolve("1_0.5"), Scalar::Float(10.5));
        assert_eq!(resolve(".inf"), Scalar::Float(f64::INFINITY));
        for text in ["1e400", ".", "+", "-", "1e", "e5", ".e5", "inf", "nan", "1.5f"] {
            assert_eq!(resolve(text), Scalar::String, "{text}");
        }
    }

    #[test]
    fn float_keys_are_written_as_go_writes_them() {
        assert_eq!(float_key(1.5), "1.5");
        assert_eq!(float_key(1e3), "1000");
        assert_eq!(float_key(1e21), "1e+21");
        assert_eq!(float_key(0.00001), "1e-05");
    }
}
