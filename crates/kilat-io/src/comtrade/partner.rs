//! The other files of a recording, found beside the one the user named.

use std::path::{Path, PathBuf};

use kilat_core::Error;

use crate::source::{extension, file_name};

/// A file that belongs to another one.
pub(super) struct Partner {
    pub(super) path: PathBuf,
    /// False when only its loneliness speaks for it.
    pub(super) same_name: bool,
}

/// The file beside `path` with its name and the extension `wanted`, in any case. Failing that, a dat and a cfg that are
/// the only ones of their directory.
pub(super) fn find_partner(path: &Path, wanted: &str) -> Option<Partner> {
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files: Vec<PathBuf> = directory.read_dir().ok()?.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    let ext_of = |p: &PathBuf| extension(&p.to_string_lossy());
    let wanted_files: Vec<_> = files.iter().filter(|p| ext_of(p) == wanted && p.is_file()).collect();
    let stem = path.file_stem()?;
    let exact = wanted_files.iter().find(|p| p.file_stem() == Some(stem));
    let folded = stem.to_string_lossy().to_lowercase();
    let same = exact.or_else(|| {
        wanted_files
            .iter()
            .find(|p| p.file_stem().is_some_and(|s| s.to_string_lossy().to_lowercase() == folded))
    });
    if let Some(p) = same {
        return Some(Partner { path: (*p).clone(), same_name: true });
    }
    let alone = |ext: &str| files.iter().filter(|p| ext_of(p) == ext).count() == 1;
    match wanted_files[..] {
        [only] if alone("cfg") && alone("dat") => Some(Partner { path: only.clone(), same_name: false }),
        _ => None,
    }
}

/// The error for a file without its partner.
pub(super) fn missing_partner(path: &Path, wanted: &str) -> Error {
    let what = if wanted == "dat" { "data" } else { "configuration" };
    let partner = file_name(&path.with_extension(wanted));
    Error::mismatch(file_name(path), format!("its {what} file `{partner}` beside it"), "none")
}
