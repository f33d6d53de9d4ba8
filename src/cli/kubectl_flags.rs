//! The flags that kubectl takes with every command of its own and that have no meaning here.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Each flag, and why it is not taken.
pub(super) const SENSELESS: [(&str, &str); 9] = [
    ("--cache-dir", "nothing is cached: every run asks the server anew"),
    ("--kuberc", "a kuberc file holds preferences for kubectl's own commands"),
    ("--log-flush-frequency", NO_LOG),
    ("--match-server-version", "the plugin has no version of Kubernetes; kubectl secctx version tells the server's"),
    ("--profile", NO_PROFILE),
    ("--profile-output", NO_PROFILE),
    ("--v", NO_LOG),
    ("--vmodule", NO_LOG),
    ("-v", NO_LOG),
];

const NO_LOG: &str = "there is no log: what goes wrong is told with its reason";
const NO_PROFILE: &str = "it is about the Go runtime, which this program does not have";

/// What to say of a flag that is unknown here and known to kubectl; `None` of any other mistake.
pub(super) fn refusal(error: &clap::Error) -> Option<StyledStr> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = given.split('=').next().unwrap_or(given);
    let (flag, why) = SENSELESS.into_iter().find(|(known, _)| *known == flag)?;
    Some(format!("error: kubectl's flag {flag} is not taken: {why}\n").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &[&str]) -> Option<String> {
        let error = crate::cli::command().try_get_matches_from([&["kubectl-secctx"], args].concat()).unwrap_err();
        refusal(&error).map(|text| text.to_string())
    }

    #[test]
    fn a_flag_of_kubectl_is_refused_with_its_reason() {
        for (flag, why) in SENSELESS {
            let told = refused(&["check", flag]).unwrap_or_else(|| panic!("{flag} is not told of"));
            assert!(told.contains(flag) && told.contains(why), "{told}");
        }
        assert!(refused(&["check", "-v=6"]).unwrap().contains("-v is not taken"));
        assert!(refused(&["check", "-v6"]).unwrap().contains("-v is not taken"));
        assert!(refused(&["check", "--v=6"]).is_some());
        assert_eq!(refused(&["check", "--vers"]), None);
    }
}
