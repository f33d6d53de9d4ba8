//! From `-f` arguments to things to read, by kubectl's rules (`builder.go`, `visitor.go` of `k8s.io/cli-runtime`).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::binary::{TELLING, are_binary};
use crate::report::{Origin, Problem, Source};

/// Something to read manifests from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input, given as `-`.
    Stdin,
    /// A file.
    File {
        /// How it was given.
        name: Arc<str>,
        /// Where it is.
        path: PathBuf,
    },
    /// An `http://` or `https://` address.
    Url(String),
    /// A folder for kustomize.
    Kustomization(String),
    /// What was read already, and could not be read again.
    Kept {
        /// The name of what it was read from.
        name: Arc<str>,
        /// What that is the name of.
        origin: Origin,
        /// All of it.
        bytes: Arc<[u8]>,
    },
}

impl Input {
    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::Stdin => "-".into(),
            Self::File { name, .. } => Arc::clone(name),
            Self::Url(url) => url.as_str().into(),
            Self::Kustomization(folder) => folder.as_str().into(),
            Self::Kept { name, .. } => Arc::clone(name),
        }
    }

    /// What its name is the name of.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Stdin | Self::File { .. } | Self::Url(_) => Origin::File,
            Self::Kustomization(_) => Origin::Built,
            Self::Kept { origin, .. } => origin.clone(),
        }
    }

    /// The same, so that it can be read more than once.
    ///
    /// # Errors
    ///
    /// A sentence that says what could not be read and why.
    pub fn keep(&self) -> Result<Self, String> {
        let is_file = |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        match self {
            Self::Kept { .. } => Ok(self.clone()),
            Self::File { path, .. } if is_file(path) => Ok(self.clone()),
            _ => Ok(Self::Kept { name: self.name(), origin: self.origin(), bytes: super::bytes(self)?.into() }),
        }
    }
}

/// What kubectl takes for a manifest in a folder.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// Turns `-f` arguments into inputs: `-`, addresses, files, globs where no such path exists, folders (not their
/// folders unless `recursive`), each folder in lexical order. What cannot be found becomes a problem.
#[must_use]
pub fn expand(arguments: &[String], recursive: bool) -> (Vec<Input>, Vec<Problem>) {
    let mut expansion = Expansion { recursive, inputs: Vec::new(), problems: Vec::new() };
    for argument in arguments {
        expansion.argument(argument);
    }
    (expansion.inputs, expansion.problems)
}

struct Expansion {
    recursive: bool,
    inputs: Vec<Input>,
    problems: Vec<Problem>,
}

impl Expansion {
    fn argument(&mut self, argument: &str) {
        if argument == "-" {
            if self.inputs.contains(&Input::Stdin) {
                self.problem("-", "standard input can be read only once".to_owned());
            } else {
                self.inputs.push(Input::Stdin);
            }
        } else if argument.starts_with("http://") || argument.starts_with("https://") {
            self.inputs.push(Input::Url(argument.to_owned()));
        } else if fs::symlink_metadata(argument).is_ok() {
            self.path(Path::new(argument));
        } else {
            self.pattern(argument);
        }
    }

    fn problem(&mut self, name: &str, message: String) {
        self.problems.push(Problem { source: Source::file(name.into()), message });
    }

    /// kubectl tries a path that does not exist as a glob.
    fn pattern(&mut self, pattern: &str) {
        let missing = || format!("the path {pattern:?} does not exist");
        match glob::glob(pattern) {
            _ if !pattern.contains(['*', '?', '[']) => self.problem(pattern, missing()),
            Err(error) => self.problem(pattern, format!("{pattern:?} is neither a path nor a pattern: {error}")),
            Ok(paths) => {
                let found: Vec<PathBuf> = paths.filter_map(Result::ok).collect();
                if found.is_empty() {
                    self.problem(pattern, missing());
                }
                found.iter().for_each(|path| self.path(path));
            }
        }
    }

    /// A path that was named: a file whatever its extension, or a folder.
    fn path(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            Ok(_) => self.file(path),
            Err(error) => self.problem(&path.to_string_lossy(), describe(&error)),
        }
    }

    fn file(&mut self, path: &Path) {
        self.inputs.push(Input::File { name: path.to_string_lossy().into(), path: path.to_owned() });
    }

    fn folder(&mut self, folder: &Path) {
        let (inputs, problems) = (self.inputs.len(), self.problems.len());
        self.walk(folder);
        if self.inputs.len() == inputs && self.problems.len() == problems {
            let hint = if self.recursive { "" } else { " (folders in it are read with -R)" };
            let message = format!("no .json, .yaml or .yml file in this folder{hint}");
            self.problem(&folder.to_string_lossy(), message);
        }
    }

    /// Like Go's `filepath.Walk`: lexical order, links to folders not followed, so that no loop is possible.
    fn walk(&mut self, folder: &Path) {
        let mut entries = match fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.problem(&folder.to_string_lossy(), describe(&error)),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if self.recursive {
                    self.walk(&path);
                }
            } else if path.extension().is_some_and(|is| EXTENSIONS.iter().any(|known| is == *known)) {
                match fs::metadata(&path) {
                    Ok(metadata) if metadata.is_dir() => {}
                    _ => self.file(&path),
                }
            }
        }
    }
}

/// An input or output error in words.
pub(super) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads standard input to its end.
pub(super) fn read_stdin() -> Result<Vec<u8>, String> {
    read_text(&mut io::stdin().lock(), 0).map_err(|error| describe(&error))
}

/// Reads to the end, where there is one: of what is no text, as some devices that never end, only the start is read.
/// `length` is how much there is, as far as is known.
fn read_text(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    /// How much of what is no text is read.
    const MOST: u64 = 16 << 20;
    let mut bytes = Vec::new();
    from.by_ref().take(TELLING as u64).read_to_end(&mut bytes)?;
    if are_binary(&bytes) {
        from.take(MOST).read_to_end(&mut bytes)?;
    } else {
        // What grows bit by bit is in memory twice while it is moved.
        bytes.try_reserve_exact(length.saturating_sub(bytes.len()))?;
        from.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads a file to its end. A named pipe that nobody opens for writing is given up.
///
/// # Errors
///
/// Why it could not be read, in words.
pub fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let mut file = open(path)?;
    let length = length(&file);
    read_text(&mut file, length).map_err(|error| describe(&error))
}

/// How many bytes a regular file has; 0 where that is not known.
pub(super) fn length(file: &File) -> usize {
    file.metadata().map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or_default())
}

/// Opens a file. A named pipe that nobody opens for writing is given up.
pub(super) fn open(path: &Path) -> Result<File, String> {
    let metadata = fs::metadata(path).map_err(|error| describe(&error))?;
    if metadata.is_file() { File::open(path).map_err(|error| describe(&error)) } else { open_special(path.to_owned()) }
}

/// Opens what is no regular file. Opening a named pipe waits for a writer, so it is done aside and not forever.
fn open_special(path: PathBuf) -> Result<File, String> {
    /// How long a writer may take.
    const PATIENCE: Duration = Duration::from_secs(5);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(File::open(path)));
    match receiver.recv_timeout(PATIENCE) {
        Ok(opened) => opened.map_err(|error| describe(&error)),
        Err(_) => Err(format!("nothing opened this pipe for writing within {} seconds", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inputs: &[Input]) -> Vec<String> {
        inputs.iter().map(|input| input.name().to_string()).collect()
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for file in ["b.yaml", "a.yml", "c.json", "notes.txt", "sub/d.yaml"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn folders_give_manifests_in_lexical_order() {
        let folder = folder();
        let root = folder.path().to_string_lossy().into_owned();
        let (inputs, problems) = expand(std::slice::from_ref(&root), false);
        assert_eq!(names(&inputs), ["a.yml", "b.yaml", "c.json"].map(|file| format!("{root}/{file}")));
        assert_eq!(problems, []);
        let (inputs, _) = expand(std::slice::from_ref(&root), true);
        assert_eq!(names(&inputs).last(), Some(&format!("{root}/sub/d.yaml")));
        let (inputs, _) = expand(&[format!("{root}/notes.txt")], false);
        assert_eq!(names(&inputs), [format!("{root}/notes.txt")]);
    }

    #[test]
    fn globs_count_where_no_such_path_exists() {
        let folder = folder();
        let root = folder.path().to_string_lossy().into_owned();
        let (inputs, problems) = expand(&[format!("{root}/*.y*ml"), format!("{root}/x*")], false);
        assert_eq!(names(&inputs), ["a.yml", "b.yaml"].map(|file| format!("{root}/{file}")));
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let (inputs, problems) = expand(&["/no/such.yaml".to_owned(), "-".to_owned(), "-".to_owned()], false);
        assert_eq!(inputs, [Input::Stdin]);
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, ["the path \"/no/such.yaml\" does not exist", "standard input can be read only once"]);
    }
}
