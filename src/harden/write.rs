//! Puts texts into files so that each is whole at any moment, the old one or the new one.

mod copies;

pub use copies::{Copy, copies};

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Replaces a file that holds `before` by one that holds `after`, with the same mode and, where that is allowed, the same
/// owner. A symbolic link stays; what it leads to is replaced.
///
/// # Errors
///
/// A sentence without a full stop that says why the file is as it was.
pub fn replace(path: &Path, before: &[u8], after: &[u8]) -> Result<(), String> {
    let target = fs::canonicalize(path).map_err(|error| words(&error))?;
    let metadata = fs::metadata(&target).map_err(|error| words(&error))?;
    if !metadata.is_file() {
        return Err("this is no regular file, so it cannot be replaced; -o yaml prints its new text".to_owned());
    }
    check_writable(&target, &metadata)?;
    let folder = target.parent().unwrap_or(Path::new("/"));
    let file = beside(folder, &target, after, Some(&metadata))?;
    // As late as possible: what somebody else wrote in between is not lost.
    if fs::read(&target).map_err(|error| words(&error))? != before {
        return Err("it has changed since it was read, so it was left as it is; run again".to_owned());
    }
    file.persist(&target).map_err(|error| words(&error.error))?;
    sync_folder(folder);
    Ok(())
}

/// Renaming needs no right to write the file itself, so that a protected one would be replaced without a word.
fn check_writable(path: &Path, metadata: &Metadata) -> Result<(), String> {
    if metadata.permissions().readonly() {
        return Err("it is read-only, so it was left as it is".to_owned());
    }
    OpenOptions::new().write(true).open(path).map(drop).map_err(|error| words(&error))
}

/// Creates a file that is not there yet.
///
/// # Errors
///
/// A sentence without a full stop that says why there is no such file now.
pub fn create(path: &Path, text: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let file = beside(folder, path, text, None)?;
    file.persist_noclobber(path).map_err(|error| words(&error.error))?;
    sync_folder(folder);
    Ok(())
}

/// A temporary file with the text, on disk, in the folder of the file whose place it is to take.
fn beside(folder: &Path, path: &Path, text: &[u8], like: Option<&Metadata>) -> Result<NamedTempFile, String> {
    /// Longer names get a short one: file systems have limits.
    const LONGEST: usize = 150;
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| name.len() <= LONGEST);
    let prefix = format!(".{}.", name.unwrap_or("secctx"));
    let mut builder = tempfile::Builder::new();
    // No extension of manifests: a run over the folder must not take it for one.
    builder.prefix(&prefix).suffix(".tmp");
    if let Some(permissions) = default_permissions() {
        builder.permissions(permissions);
    }
    let in_folder = |error: io::Error| format!("in {}: {}", folder.display(), words(&error));
    let mut file = builder.tempfile_in(folder).map_err(in_folder)?;
    file.write_all(text).map_err(|error| words(&error))?;
    if let Some(metadata) = like {
        take_after(file.as_file(), metadata).map_err(|error| words(&error))?;
    }
    file.as_file().sync_all().map_err(|error| words(&error))?;
    Ok(file)
}

#[cfg(unix)]
fn default_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    // The umask takes off what it always does.
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn default_permissions() -> Option<Permissions> {
    None
}

/// Gives a file another one's owner and mode.
#[cfg(unix)]
fn take_after(file: &File, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    if own.uid() != metadata.uid() || own.gid() != metadata.gid() {
        // Only root may give files away; a member of the group may at least set that.
        let given = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
        let _ = given.or_else(|_| fchown(file, None, Some(metadata.gid())));
    }
    file.set_permissions(metadata.permissions())
}

#[cfg(not(unix))]
fn take_after(file: &File, metadata: &Metadata) -> io::Result<()> {
    file.set_permissions(metadata.permissions())
}

/// Makes a renaming last through a loss of power. Some file systems cannot, and the file is whole either way.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_mode_stays_and_a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.yaml"), folder.path().join("link.yaml"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink("a.yaml", &link).unwrap();
        assert_eq!(replace(&link, b"old", b"new"), Ok(()));
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(folder.path()), ["a.yaml", "link.yaml"], "nothing else is left");
    }

    #[test]
    fn what_must_not_be_replaced_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        fs::write(&file, "other").unwrap();
        let changed = replace(&file, b"old", b"new").unwrap_err();
        assert_eq!(changed, "it has changed since it was read, so it was left as it is; run again");
        fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
        assert_eq!(replace(&file, b"other", b"new").unwrap_err(), "it is read-only, so it was left as it is");
        assert_eq!(replace(&folder.path().join("no"), b"", b"new").unwrap_err(), "no such file or folder");
        assert!(replace(folder.path(), b"", b"new").unwrap_err().starts_with("this is no regular file"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "other");
        assert_eq!(names(folder.path()), ["a.yaml"]);
    }
}
