//! Copies of files under a folder, by their own relative names, and never outside of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::words;

/// A file that is to be made.
#[derive(Debug, PartialEq, Eq)]
pub struct Copy {
    /// Where.
    pub path: PathBuf,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// What is to be made of files below `folder`, by the names that they were given by, without a leading `/`, `.` or `..`:
/// `../a/b.yaml` becomes `FOLDER/a/b.yaml`. Files that are there already with the same bytes are left out.
///
/// # Errors
///
/// Sentences: two files would become one, a file is there with other bytes, or a symbolic link would lead elsewhere. Then
/// nothing is to be written.
pub fn copies(folder: &Path, files: Vec<(&str, Vec<u8>)>) -> Result<Vec<Copy>, Vec<String>> {
    let mut named: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let (mut copies, mut errors) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let relative = relative(name);
        if let Some(other) = named.insert(relative.clone(), name) {
            errors.push(format!("{other} and {name} would both become {}", folder.join(&relative).display()));
            continue;
        }
        match state(folder, &relative, &text) {
            Ok(State::Missing) => copies.push(Copy { path: folder.join(relative), text }),
            Ok(State::Same) => {}
            Err(message) => errors.push(message),
        }
    }
    if errors.is_empty() { Ok(copies) } else { Err(errors) }
}

impl Copy {
    /// Makes the file and the folders around it.
    ///
    /// # Errors
    ///
    /// A sentence without a full stop that says why there is no such file now.
    pub fn make(&self) -> Result<(), String> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| words(&error))?;
        }
        super::create(&self.path, &self.text)
    }
}

fn relative(name: &str) -> PathBuf {
    let is_name = |component: &Component<'_>| matches!(component, Component::Normal(_));
    Path::new(name).components().filter(is_name).collect()
}

enum State {
    Missing,
    Same,
}

fn state(folder: &Path, relative: &Path, text: &[u8]) -> Result<State, String> {
    let mut path = folder.to_owned();
    let mut components = relative.components().peekable();
    while let Some(component) = components.next() {
        path.push(component);
        let is_last = components.peek().is_none();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Missing),
            Err(error) => return Err(format!("{}: {}", path.display(), words(&error))),
            Ok(found) if found.is_symlink() => {
                let folder = folder.display();
                return Err(format!("{} is a symbolic link, which may lead out of {folder}", path.display()));
            }
            Ok(found) if is_last && found.is_file() => {
                let is_same = fs::read(&path).is_ok_and(|known| known == text);
                let differs = || format!("{} is there already and differs; name another folder", path.display());
                return if is_same { Ok(State::Same) } else { Err(differs()) };
            }
            Ok(found) if is_last || !found.is_dir() => return Err(format!("{} is in the way", path.display())),
            Ok(_) => {}
        }
    }
    Err(format!("{} is no name for a file", relative.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_lead_out() {
        for (name, expected) in
            [("a/b.yaml", "a/b.yaml"), ("../../a.yaml", "a.yaml"), ("/etc/a.yaml", "etc/a.yaml"), ("./x/../a", "x/a")]
        {
            assert_eq!(relative(name), Path::new(expected));
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("same.yaml"), "x").unwrap();
        fs::write(at("other.yaml"), "y").unwrap();
        let text = || b"x".to_vec();
        let planned = copies(folder.path(), vec![("same.yaml", text()), ("new/a.yaml", text())]).unwrap();
        assert_eq!(planned, [Copy { path: at("new/a.yaml"), text: text() }]);
        planned[0].make().unwrap();
        assert_eq!(fs::read(at("new/a.yaml")).unwrap(), b"x");
        let errors = copies(folder.path(), vec![("other.yaml", text()), ("b", text()), ("../b", text())]).unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(errors[0].ends_with("other.yaml is there already and differs; name another folder"), "{errors:?}");
        assert!(errors[1].starts_with("b and ../b would both become "), "{errors:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("out")).unwrap();
        let errors = copies(folder.path(), vec![("out/a.yaml", Vec::new())]).unwrap_err();
        assert!(errors[0].contains("out is a symbolic link"), "{errors:?}");
    }
}
