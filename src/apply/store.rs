//! Ways back on disk: for the eyes of whoever runs this only, and whole or not there.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::Builder;

/// Writes a file that tells by its name what it is about; gives its path.
///
/// # Errors
///
/// A sentence with the path.
pub(super) fn keep(folder: &Path, parts: &[&str], ending: &str, text: &str) -> Result<PathBuf, String> {
    let path = folder.join(file_name(parts, ending));
    write(folder, &path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(path)
}

/// Replaces what [`keep`] wrote.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    write(folder, path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Takes a file away; one that is gone already is as good.
pub(super) fn forget(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    make_folder(folder)?;
    // Temporary files are their owner's alone, which renaming does not change.
    let mut file = Builder::new().prefix(".way-back-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn file_name(parts: &[&str], ending: &str) -> String {
    let plain = |text: &&str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' }).collect()
    };
    let mut name: String = parts.iter().filter(|part| !part.is_empty()).map(plain).collect::<Vec<_>>().join("_");
    // Names of objects may be as long as file names may.
    name.truncate(180);
    format!("{name}_{}{ending}", moment())
}

/// The present as `20260102T030405.678Z`, so that files sort by it.
fn moment() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{:03}Z", since.subsec_millis())
}

/// The date so many days after the first of January 1970, in the Gregorian calendar.
fn date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= if is_leap(year) { 366 } else { 365 } {
        days -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_454), (2026, 1, 1));
        assert_eq!(date(20_453), (2025, 12, 31));
    }

    #[test]
    fn names_of_files_are_harmless() {
        let name = file_name(&["shop", "deployment", "../web:1", ""], ".json");
        assert!(name.starts_with("shop_deployment_.._web_1_2") && name.ends_with("Z.json"), "{name}");
        assert!(file_name(&[&"x".repeat(253)], ".json").len() < 255);
    }

    #[test]
    #[cfg(unix)]
    fn files_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("a/b");
        let path = keep(&state, &["web"], ".json", "[]").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&state)), (0o600, 0o700));
        replace(&path, "[1]").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("[1]", 0o600));
        forget(&path).unwrap();
        forget(&path).unwrap();
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
    }
}
