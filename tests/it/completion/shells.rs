//! The scripts: what is packaged is what is printed, and in a real bash the key does what it should.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use super::{Helper, Installed, packaged};
use crate::support::faults::{FaultServer, Reply};
use crate::support::secctx::run_in;

/// Each shell with the file that is packaged for it.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "kubectl-secctx.bash"),
    ("zsh", "_kubectl-secctx"),
    ("fish", "kubectl-secctx.fish"),
    ("powershell", "kubectl-secctx.ps1"),
    ("kubectl", "kubectl_complete-secctx"),
];

#[test]
fn what_is_packaged_is_what_is_printed() {
    for (shell, file) in SCRIPTS {
        let ran = run_in(packaged("").as_path(), &["completion", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shell}");
        assert_eq!(ran.stdout, fs::read_to_string(packaged(file)).unwrap(), "{shell}");
    }
    let mut files: Vec<_> =
        fs::read_dir(packaged("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut known = SCRIPTS.map(|(_, file)| file.to_owned());
    files.sort();
    known.sort();
    assert_eq!(files, known);
}

#[test]
fn the_helper_can_be_run() {
    let helper = packaged("kubectl_complete-secctx");
    assert_eq!(fs::metadata(&helper).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(Command::new("sh").arg("-n").arg(helper).status().unwrap().success());
}

#[test]
fn an_unknown_shell_is_refused() {
    let ran = run_in(packaged("").as_path(), &["completion", "tcsh"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("'tcsh'"), "{}", ran.stderr);
}

/// An interactive bash that has read a text, in a folder with a few files.
struct Bash {
    session: PtySession,
    _installed: Installed,
}

/// Shows what stands on the line, whatever the terminal made of it: bound to Ctrl-X Ctrl-P.
const SHOW: &str = r#"bind -x '"\C-x\C-p": printf "\n<%s>\n" "$READLINE_LINE"'"#;

impl Bash {
    fn reading(text: &str) -> Bash {
        let installed = Installed::with(Helper::Script);
        let folder = installed.folder.path();
        for name in ["a.yaml", "notes.txt", "two words.yml"] {
            fs::write(folder.join(name), "").unwrap();
        }
        fs::create_dir(folder.join("overlay")).unwrap();
        fs::write(folder.join("rc"), format!("PS1='ready> '\nbind 'set bell-style none'\n{SHOW}\n{text}\n")).unwrap();
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--rcfile", "rc", "-i"]).current_dir(folder);
        let mut path = installed.path();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        bash.env_clear().env("PATH", path).env("HOME", folder).env("TERM", "dumb").env("LANG", "C.UTF-8");
        let mut session = spawn_command(bash, Some(30_000)).unwrap();
        session.exp_string("ready> ").unwrap();
        Bash { session, _installed: installed }
    }

    /// What the line is after it was typed and Tab pressed.
    fn tab(&mut self, line: &str) -> String {
        self.session.send(&format!("{line}\t\u{18}\u{10}")).unwrap();
        self.session.flush().unwrap();
        self.session.exp_string("\n<").unwrap();
        let shown = self.session.exp_string(">\r\n").unwrap();
        // Clears the line.
        self.session.send("\u{5}\u{15}").unwrap();
        shown
    }

    #[track_caller]
    fn assert_completes(&mut self, cases: &[(&str, &str)]) {
        for (line, completed) in cases {
            assert_eq!(self.tab(line), *completed, "{line}");
        }
    }
}

impl Drop for Bash {
    fn drop(&mut self) {
        // An interactive bash takes no notice of the signal by which it would be ended otherwise.
        let _ = self.session.send("\u{5}\u{15}exit\r").and_then(|_| self.session.flush());
        self.session.process_mut().set_kill_timeout(Some(5_000));
        let _ = self.session.exp_eof();
    }
}

/// Candidates, flags and paths in all the ways that bash cuts words.
#[test]
fn bash_completes_the_binary() {
    let script = packaged("kubectl-secctx.bash");
    let mut bash = Bash::reading(&format!("source '{}'", script.display()));
    bash.assert_completes(&[
        ("kubectl-secctx che", "kubectl-secctx check "),
        ("kubectl-secctx nonsen", "kubectl-secctx nonsen"),
        ("kubectl-secctx check --lev", "kubectl-secctx check --level "),
        ("kubectl-secctx check --level res", "kubectl-secctx check --level restricted "),
        ("kubectl-secctx check --level=res", "kubectl-secctx check --level=restricted "),
        ("kubectl-secctx check --version v1.36 --color=nev", "kubectl-secctx check --version v1.36 --color=never "),
        ("kubectl-secctx check deploym", "kubectl-secctx check deployments "),
        ("kubectl-secctx check deploy/web cronj", "kubectl-secctx check deploy/web cronjobs/"),
        ("kubectl-secctx explain hostPor", "kubectl-secctx explain hostPorts "),
        ("kubectl-secctx check -f a", "kubectl-secctx check -f a.yaml "),
        ("kubectl-secctx check -f n", "kubectl-secctx check -f n"),
        ("kubectl-secctx check -f tw", r"kubectl-secctx check -f two\ words.yml "),
        ("kubectl-secctx check --filename=ov", "kubectl-secctx check --filename=overlay/"),
        ("kubectl-secctx check -k ov", "kubectl-secctx check -k overlay/"),
        ("kubectl-secctx check --certificate-authority not", "kubectl-secctx check --certificate-authority notes.txt "),
        ("kubectl-secctx check -f 'two words.yml' --fail", "kubectl-secctx check -f 'two words.yml' --fail-on "),
    ]);
}

/// Names with colons, which bash takes for the ends of words, and a server's names.
#[test]
fn bash_completes_names_of_the_kubeconfig_and_the_cluster() {
    let list = serde_json::json!({"items": [{"metadata": {"name": "web-1"}}]});
    let server = FaultServer::start(move |_| Reply::json(&list));
    let script = packaged("kubectl-secctx.bash");
    let mut bash = Bash::reading(&format!("source '{}'", script.display()));
    let context = r#"{"name": "arn:aws:eks:here/shop", "context": {"cluster": "near"}}"#;
    let cluster = format!(r#"{{"name": "near", "cluster": {{"server": "{}"}}}}"#, server.url());
    let config =
        format!(r#"{{"current-context": "arn:aws:eks:here/shop", "contexts": [{context}], "clusters": [{cluster}]}}"#);
    let folder = bash._installed.folder.path().join(".kube");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("config"), config).unwrap();
    bash.assert_completes(&[
        ("kubectl-secctx check --context ar", "kubectl-secctx check --context arn:aws:eks:here/shop "),
        ("kubectl-secctx check --context arn:aws:e", "kubectl-secctx check --context arn:aws:eks:here/shop "),
        ("kubectl-secctx check --context=arn:a", "kubectl-secctx check --context=arn:aws:eks:here/shop "),
    ]);
    for (line, completed) in [
        ("kubectl-secctx check pod we", "kubectl-secctx check pod web-1 "),
        ("kubectl-secctx check deploy/w", "kubectl-secctx check deploy/web-1 "),
        ("kubectl-secctx check -n=w", "kubectl-secctx check -n=web-1 "),
    ] {
        // A busy machine may need more than the time that there is.
        let shown = (0..20).map(|_| bash.tab(line)).find(|shown| shown == completed);
        assert!(shown.is_some(), "{line}");
    }
}

/// Stands for the package bash-completion, of which kubectl's own script needs this.
const STAND_IN: &str = r#"
COMP_WORDBREAKS=${COMP_WORDBREAKS//[=:]/}
_get_comp_words_by_ref() {
    cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
}
"#;

#[test]
fn bash_completes_the_plugin_where_it_completes_kubectl() {
    let mut bash = Bash::reading(&format!("{STAND_IN}\nsource <(kubectl completion bash)"));
    bash.assert_completes(&[
        ("kubectl secctx che", "kubectl secctx check "),
        ("kubectl secctx check --lev", "kubectl secctx check --level "),
        ("kubectl secctx check --level res", "kubectl secctx check --level restricted "),
        ("kubectl secctx explain hostPor", "kubectl secctx explain hostPorts "),
        ("kubectl secctx check deploy/web cronj", "kubectl secctx check deploy/web cronjobs/"),
    ]);
}
