//! include/kilat.h: what C sees of kilat-capi.

use std::path::Path;

/// Writes the header, or with `check` compares it.
pub fn run(root: &Path, check: bool) -> Result<String, String> {
    let source = root.join("crates/kilat-capi");
    let at = source.join("include/kilat.h");
    let config = cbindgen::Config::from_file(source.join("cbindgen.toml"))?;
    let bindings = cbindgen::Builder::new().with_crate(&source).with_config(config).generate();
    let mut made = Vec::new();
    bindings.map_err(|e| format!("{}: {e}", source.display()))?.write(&mut made);
    if !check {
        std::fs::write(&at, &made).map_err(|e| format!("{}: {e}", at.display()))?;
        return Ok(format!("wrote {}", at.display()));
    }
    match std::fs::read(&at) {
        Ok(there) if there == made => Ok("include/kilat.h is up to date".into()),
        Ok(_) => Err(format!("{} is not what kilat-capi says; run cargo xtask header", at.display())),
        Err(e) => Err(format!("{}: {e}", at.display())),
    }
}
