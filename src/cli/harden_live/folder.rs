//! Where ways back are kept until they are not needed any more.

use std::env;
use std::path::PathBuf;

const NAME: &str = "kubectl-secctx";

/// The folder for what a program must not lose: by the XDG base directory specification, and its like on Windows.
pub(super) fn state_folder() -> PathBuf {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let own = if cfg!(windows) { set("LOCALAPPDATA") } else { set("XDG_STATE_HOME") };
    let of_home = || env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local").join("state"));
    own.or_else(of_home).unwrap_or_else(env::temp_dir).join(NAME)
}
