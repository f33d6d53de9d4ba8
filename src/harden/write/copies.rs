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
/// Sentences: two files would become one, or one the folder of another; a file is there with other bytes; a symbolic link
/// would lead elsewhere; this system has no files of that name. Then nothing is to be written.
pub fn copies(folder: &Path, files: Vec<(&str, Vec<u8>)>) -> Result<Vec<Copy>, Vec<String>> {
    let mut names = Names::new(System::HERE);
    let (mut copies, mut errors) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let relative = relative(name);
        if let Err(why) = names.take(name, &relative, folder) {
            errors.push(why);
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

/// What a system's file names are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    /// `a` and `A` are two files.
    Unix,
    /// They are one, as a rule.
    Mac,
    /// They are one, and some names are not those of files.
    Windows,
}

impl System {
    const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::Mac
    } else {
        Self::Unix
    };

    /// What is the same for two paths that lead to one file.
    fn key(self, path: &Path) -> PathBuf {
        if self == Self::Unix { path.to_owned() } else { path.to_string_lossy().to_lowercase().into() }
    }

    /// Whether a path leads to a device, whatever stands behind the dot (`con.yaml`), or cannot be written down.
    fn refuses(self, path: &Path) -> bool {
        const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
        let is_bad = |name: &str| {
            let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
            let is_number =
                |text: &str| matches!(text, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³");
            let is_port = ["com", "lpt"].iter().any(|port| stem.strip_prefix(port).is_some_and(is_number));
            is_port
                || DEVICES.contains(&stem.as_str())
                || name.ends_with(['.', ' '])
                || name.contains(['<', '>', ':', '"', '|', '?', '*', '\\'])
                || name.contains(char::is_control)
        };
        self == Self::Windows && path.iter().any(|name| is_bad(&name.to_string_lossy()))
    }
}

/// The names that are taken, each with what it was given by.
struct Names<'a> {
    system: System,
    files: BTreeMap<PathBuf, &'a str>,
    /// Folders, with a file in each.
    folders: BTreeMap<PathBuf, &'a str>,
}

impl<'a> Names<'a> {
    fn new(system: System) -> Self {
        Self { system, files: BTreeMap::new(), folders: BTreeMap::new() }
    }

    /// Takes a path below `folder` for the file that `name` was given by.
    fn take(&mut self, name: &'a str, path: &Path, folder: &Path) -> Result<(), String> {
        if self.system.refuses(path) {
            return Err(format!("{} is no name for a file on this system", path.display()));
        }
        let key = self.system.key(path);
        if let Some(other) = self.files.insert(key.clone(), name) {
            return Err(format!("{other} and {name} would both become {}", folder.join(path).display()));
        }
        let above: Vec<PathBuf> = key.ancestors().skip(1).map(Path::to_owned).collect();
        let inside = self.folders.get(&key).map(|other| (name, *other));
        let around = above.iter().find_map(|above| self.files.get(above)).map(|other| (*other, name));
        if let Some((outer, inner)) = inside.or(around) {
            return Err(format!("{outer} would be a file and the folder of {inner} below {}", folder.display()));
        }
        self.folders.extend(above.into_iter().map(|above| (above, name)));
        Ok(())
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

    #[test]
    fn a_file_is_no_folder_of_another() {
        let folder = tempfile::tempdir().unwrap();
        for names in [["../a", "a/b.yaml"], ["a/b.yaml", "/a"]] {
            let errors = copies(folder.path(), names.map(|name| (name, Vec::new())).into()).unwrap_err();
            assert!(errors[0].contains("would be a file and the folder of a/b.yaml below "), "{errors:?}");
        }
        assert_eq!(copies(folder.path(), vec![("a/b", Vec::new()), ("a/c", Vec::new())]).unwrap().len(), 2);
    }

    #[test]
    fn names_are_taken_as_the_system_takes_them() {
        let take = |system: System, given: &[&'static str]| {
            let mut names = Names::new(system);
            given.iter().try_for_each(|name| names.take(name, &relative(name), Path::new("out")))
        };
        let both = Err("a.yaml and A.yaml would both become out/A.yaml".to_owned());
        assert_eq!(take(System::Unix, &["a.yaml", "A.yaml"]), Ok(()));
        assert_eq!(take(System::Mac, &["a.yaml", "A.yaml"]), both);
        assert_eq!(take(System::Windows, &["a.yaml", "A.yaml"]), both);
        for name in ["con.yaml", "x/NUL", "com1.yaml", "lpt¹", "a.", "a:b.yaml", "aux .yaml", "a\u{1}"] {
            assert_eq!(take(System::Windows, &[name]), Err(format!("{name} is no name for a file on this system")));
            assert_eq!(take(System::Unix, &[name]), Ok(()));
        }
        assert_eq!(take(System::Windows, &["console.yaml", "com0.yaml", "com10.yaml", "nul-1.yaml"]), Ok(()));
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
