//! The house rules that a compiler does not check: rooms never import each other, and the core knows no Python.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [&str; 3] = ["weights", "tokens", "stats"];

#[test]
fn rooms_never_import_each_other() {
    let mut broken = Vec::new();
    for room in ROOMS {
        for (file, code) in sources(&source_root().join(room)) {
            let imported = crate_paths(&code).into_iter().filter(|path| path != room && ROOMS.contains(&path.as_str()));
            broken.extend(imported.map(|path| format!("{} imports crate::{path}", file.display())));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_core_knows_no_python() {
    let python = |code: &str| ["pyo3", "numpy::"].iter().any(|name| code.contains(name));
    let broken: Vec<_> = sources(&source_root()).into_iter().filter(|(_, code)| python(code)).collect();
    assert!(broken.is_empty(), "{:#?}", broken.iter().map(|(file, _)| file).collect::<Vec<_>>());
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("pyo3"), "rust/core/Cargo.toml names pyo3");
}

#[test]
fn the_scan_sees_every_way_to_name_a_room() {
    let code = "use crate::error::Error;\nuse crate::{stats::rng, error, tokens};\nfn f() { crate::weights::g() }\n\
                // use crate::docs;\nuse crate::{\n    work::Step,\n    stats,\n};";
    assert_eq!(crate_paths(code), ["error", "stats", "error", "tokens", "weights", "work", "stats"]);
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file under `directory` (none if the room is not built yet), without its line comments.
fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = fs::read_to_string(&path).unwrap();
            found.push((path, without_comments(&code)));
        }
    }
    found
}

fn without_comments(code: &str) -> String {
    code.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//")).collect()
}

/// The first name after each `crate::`, inside braces too.
fn crate_paths(code: &str) -> Vec<String> {
    let code = without_comments(code);
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| rest.strip_prefix('{').map_or_else(|| vec![name(rest)], group))
        .collect()
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first name of each item of a brace group whose `{` has been read.
fn group(text: &str) -> Vec<String> {
    let mut names = vec![name(text)];
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(&text[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
