//! What goes wrong, in one line: `kilat: file: place: expected …, found …; what to do next`.

use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;

use kilat::Error;

use crate::print;

/// Exit status of an error; 1 is kept for a limit that is not met.
pub const EXIT: u8 = 2;

/// How a command ended that did not fail as a whole.
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Done, and a limit is not met.
    NotMet,
    /// Some files failed; each was reported.
    SomeFailed,
}

impl Outcome {
    /// Of two parts of a command: an error is worse than a limit that is not met.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::SomeFailed, _) | (_, Self::SomeFailed) => Self::SomeFailed,
            (Self::NotMet, _) | (_, Self::NotMet) => Self::NotMet,
            _ => Self::Done,
        }
    }
}

/// Why a command failed.
pub enum Failure {
    /// The library refused; the file it was about, when there is one.
    Library(Option<String>, Box<Error>),
    /// Nobody reads standard output any more.
    BrokenPipe,
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Library(None, Box::new(e))
    }
}

impl Failure {
    /// For `map_err`: the library refused `file`.
    pub fn about(file: &str) -> impl Fn(Error) -> Self {
        move |e| Self::Library(Some(file.to_owned()), Box::new(e))
    }

    /// Says it on standard error; returns the exit status.
    pub fn report(&self) -> ExitCode {
        match self {
            // `kilat … | head` is no error.
            Self::BrokenPipe => ExitCode::SUCCESS,
            Self::Library(..) => {
                print::error(&self.to_string());
                EXIT.into()
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Library(file, error) = self else { return f.write_str("broken pipe") };
        let message = error.to_string();
        if let Some(file) = file.as_ref().filter(|file| !names(&message, file)) {
            write!(f, "{file}: ")?;
        }
        f.write_str(&message)?;
        if let Some(next) = next(error) {
            write!(f, "; {next}")?;
        }
        Ok(())
    }
}

/// True when `message` begins with `file`, or with its last component.
fn names(message: &str, file: &str) -> bool {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    message.starts_with(file) || message.starts_with(last) || (stem.len() > 2 && message.starts_with(stem))
}

/// What to do next, where the message does not say it already.
fn next(error: &Error) -> Option<&'static str> {
    match error {
        Error::Io { source, .. } => match source.kind() {
            ErrorKind::NotFound => Some("check the spelling and the directory"),
            ErrorKind::PermissionDenied => Some("check the permissions"),
            ErrorKind::IsADirectory => Some("name a file in it"),
            _ => None,
        },
        Error::Malformed { .. } => Some("the file is damaged: fetch it again from the recorder"),
        Error::Limit { .. } => Some("cut the recording into pieces"),
        Error::Mismatch { .. } => Some("`kilat info FILE` shows what is there"),
        Error::Config { setting, .. } if setting == "sample_rate_hz" => Some("that is --rate HZ"),
        Error::Config { .. } => Some("see `kilat COMMAND --help`"),
        _ => None,
    }
}

/// Reports what is wrong with the command line, or prints the help or version that was asked for.
pub fn usage(e: &clap::Error) -> ExitCode {
    let text = e.render().to_string();
    if e.exit_code() == 0 {
        return match print::out(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        };
    }
    // clap spreads the message, tips and the usage over paragraphs; one line holds what matters.
    let told =
        text.lines().map(str::trim).take_while(|l| !l.starts_with("Usage:") && !l.starts_with("For more"));
    let told: Vec<&str> = told.filter(|l| !l.is_empty()).collect();
    let message = told.join(" ").replacen("error: ", "", 1).replace(" tip: ", "; ");
    let usage = text.lines().find_map(|l| l.trim().strip_prefix("Usage: "));
    let command: Vec<&str> = usage.into_iter().flat_map(str::split_whitespace).take(2).collect();
    let command = match command.as_slice() {
        ["kilat", sub] if sub.chars().all(char::is_lowercase) => format!("kilat {sub}"),
        _ => "kilat".to_owned(),
    };
    if message.is_empty() || e.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        print::error("expected a command; see `kilat --help`");
    } else {
        print::error(&format!("{message}; see `{command} --help`"));
    }
    EXIT.into()
}
