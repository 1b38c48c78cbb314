//! Compressed files: members, frames and streams after each other, cut short and damaged; files that are no corpus.

use std::path::{Path, PathBuf};

use glotgap_core::tokens::source::{Corpus, Documents, Fault, Format, Lang, Options, Scratch};

use crate::fixtures::{COMPRESSIONS, Place, json_lines, outcome, pack, read, read_all, sample};

#[test]
fn members_frames_and_streams_follow_each_other() {
    let place = Place::new();
    for packed in COMPRESSIONS {
        let bytes = [pack(b"one\ntw", packed), pack(b"", packed), pack(b"o\nthree", packed)].concat();
        let outcome = read(&place.write(&format!("a.txt.{packed}"), bytes), &Options::default());
        assert_eq!(outcome.texts(), ["one", "two", "three"], "{packed}");
        assert!(outcome.findings.is_empty(), "{packed}");
    }
}

#[test]
fn what_was_whole_before_a_cut_is_read_and_the_cut_is_told() {
    let place = Place::new();
    let lines: Vec<String> = (0..300).map(|i| format!("line {i} {}", i * i * 7919)).collect();
    let text = lines.join("\n") + "\n";
    for packed in COMPRESSIONS {
        let bytes = pack(text.as_bytes(), packed);
        for end in 1..bytes.len() {
            let outcome = read(&place.write(&format!("a.txt.{packed}"), &bytes[..end]), &Options::default());
            let count = outcome.documents.len();
            assert_eq!(outcome.texts(), lines[..count], "{packed} cut at {end}");
            let told: Vec<_> = outcome.findings.iter().map(|it| (it.fault, it.first[0].number)).collect();
            assert_eq!(told, [(Fault::Truncated, count as u64 + 1)], "{packed} cut at {end} of {}", bytes.len());
        }
    }
}

#[test]
fn much_is_read_before_a_cut_far_in() {
    let place = Place::new();
    let lines: Vec<String> = (0..100_000).map(|i| format!("line {i} {}", i * 7919)).collect();
    let text = lines.join("\n");
    for packed in COMPRESSIONS {
        let bytes = pack(text.as_bytes(), packed);
        let outcome = read(&place.write("a.txt", &bytes[..bytes.len() * 3 / 4]), &Options::default());
        let count = outcome.documents.len();
        assert!(count > 20_000, "{packed}: {count}");
        assert_eq!(outcome.texts(), lines[..count]);
        let mut bad = bytes.clone();
        let at = bytes.len() * 3 / 4;
        bad[at..at + 40].fill(0x55);
        let outcome = read(&place.write("a.txt", &bad), &Options::default());
        assert!(outcome.findings.iter().any(|it| it.fault.loses()), "{packed}");
        assert!(outcome.documents.len() > 20_000, "{packed}");
    }
}

#[test]
fn a_document_that_is_cut_short_is_not_read() {
    let place = Place::new();
    let bytes = pack("word ".repeat(1000).as_bytes(), "gz");
    let path = place.write("a.txt.gz", &bytes[..bytes.len() - 5]);
    for documents in [Documents::Line, Documents::File, Documents::Blank] {
        let outcome = read(&path, &Options { documents, ..Options::default() });
        assert_eq!(outcome.documents.len(), 0);
        assert_eq!(outcome.findings[0].fault, Fault::Truncated);
    }
}

#[test]
fn content_wins_over_the_name() {
    let place = Place::new();
    let lines = json_lines(&sample());
    let expected = read(&place.write("a.jsonl", &lines), &Options::default());
    let files = [
        ("b.txt", lines.clone()),
        ("b.txt.gz", pack(&lines, "zst")),
        ("b.csv.zst", pack(&lines, "bz2")),
        ("b", pack(&lines, "xz")),
        ("b.jsonl.gz", lines.clone()),
    ];
    for (name, bytes) in files {
        assert_eq!(read(&place.write(name, bytes), &Options::default()).documents, expected.documents, "{name}");
    }
    let text = Options { format: Some(Format::Text), ..Options::default() };
    assert_eq!(
        read(&place.path().join("a.jsonl"), &text).texts()[0].as_bytes(),
        lines.split(|&b| b == b'\n').next().unwrap()
    );
}

#[test]
fn files_that_are_no_corpus_are_refused_with_a_remedy() {
    let place = Place::new();
    let files: [(&str, Vec<u8>, &str); 12] = [
        ("a.json", b"[{\"text\": \"a\"}]".to_vec(), "JSON array"),
        ("a.jsonl", b"plain text\n".to_vec(), "no JSON objects"),
        ("a.parquet", b"plain text\n".to_vec(), "something else"),
        ("a.txt", b"PK\x03\x04...".to_vec(), "zip"),
        ("a.txt", b"\xff\xfea\0b\0".to_vec(), "UTF-16"),
        ("a.txt", "sixteen letters and more".bytes().flat_map(|byte| [byte, 0]).collect(), "UTF-16"),
        ("a.bin", b"\x93NUMPY\x01\0".to_vec(), "NumPy"),
        ("a.txt", b"\xff\xfe\0\0a\0\0\0".to_vec(), "UTF-32"),
        ("a.jsonl", b"\0\0\xfe\xff\0\0\0{".to_vec(), "UTF-32"),
        ("a.gz", pack(&pack(b"a", "gz"), "gz"), "twice"),
        ("a.csv", b"id,body\n1,a\n".to_vec(), "id, body"),
        ("a.parquet.gz", pack(b"PAR1....", "gz"), "inside another compression"),
    ];
    for (name, bytes, part) in files {
        let path = place.write(name, bytes);
        let error = Corpus::open(&[path], &Options::default()).err().unwrap();
        assert!(error.to_string().contains(part), "{name}: {error}");
        assert!(!error.remedy.is_empty());
    }
}

#[test]
fn nul_is_text_and_a_finding_in_files_small_and_large() {
    let place = Place::new();
    for filler in [String::new(), "line\n".repeat(50_000)] {
        for (text, found) in [("a\0b\n", 1), ("\0\0\0\n\0", 2)] {
            let whole = [text, &filler].concat();
            let outcome = read(&place.write("a.txt", &whole), &Options::default());
            assert_eq!(outcome.texts().join("\n"), whole.trim_end_matches('\n'));
            let places = (1..=found).collect();
            assert_eq!(outcome.faults(), [("NUL character", found, places)]);
        }
    }
}

#[test]
fn directories_and_patterns_give_sorted_files_once() {
    let place = Place::new();
    for name in ["d/b.txt", "d/a/z.txt", "d/a/y.jsonl", "d/.hidden.txt", "d/readme.md", "d/empty.txt"] {
        place.write(
            name,
            match name {
                "d/a/y.jsonl" => "{\"text\": \"y\"}\n",
                "d/empty.txt" => "",
                name => name,
            },
        );
    }
    let paths: Vec<PathBuf> = vec![place.path().join("d"), place.path().join("d/*.txt")];
    let corpus = Corpus::open(&paths, &Options { lang: Lang::Directory, ..Options::default() }).unwrap();
    let outcome = outcome(&corpus);
    assert_eq!(outcome.texts(), ["y", "d/a/z.txt", "d/b.txt"]);
    assert_eq!(outcome.documents[0].1, "a");
    assert_eq!(outcome.faults(), [("empty file", 1, vec![0])]);
    let passed: Vec<_> = corpus.passed_over().iter().map(|it| it.why).collect();
    assert_eq!(passed, ["hidden", "its name says no format that is read", "named twice", "named twice", "hidden"]);
    let named = read_all(&[place.path().join("d/.*.txt")], &Options::default());
    assert_eq!(named.texts(), ["d/.hidden.txt"]);
}

#[test]
fn a_pattern_finds_what_its_parts_match() {
    let place = Place::new();
    let names = ["a/x.txt", "a/b/x.txt", "a/b/c/x.txt", "a/b/c/y.txt", "a/[z].txt", "x.txt", "a/.git/x.txt"];
    for name in names {
        place.write(name, name);
    }
    let found = |pattern: &str| {
        let outcome = Corpus::open(&[place.path().join(pattern)], &Options::default()).map(|it| outcome(&it));
        outcome.map(|it| it.texts().into_iter().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(found("*/x.txt"), ["a/x.txt"]);
    assert_eq!(found("**/x.txt"), ["x.txt", "a/x.txt", "a/b/x.txt", "a/b/c/x.txt"]);
    assert_eq!(found("a/**/c/?.txt"), ["a/b/c/x.txt", "a/b/c/y.txt"]);
    assert_eq!(found("a/b/../[x-z].txt"), ["a/x.txt"]);
    assert_eq!(found("a/[z].txt"), ["a/[z].txt"], "a file of that name");
    assert_eq!(found("a/[[]z].txt"), ["a/[z].txt"]);
    assert_eq!(found("[ab]"), found("a"));
    assert_eq!(found("*.txt/"), Vec::<String>::new());
    assert_eq!(found("a/[x"), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_read() {
    use std::os::unix::ffi::OsStrExt;

    let place = Place::new();
    let name = |bytes: &[u8]| place.path().join("d").join(std::ffi::OsStr::from_bytes(bytes));
    place.write("d/a.txt", "plain");
    for (bytes, text) in [(&b"caf\xe9.txt"[..], "one"), (b"caf\xe8.txt", "two")] {
        std::fs::write(name(bytes), text).unwrap();
    }
    let texts = |path: PathBuf| read(&path, &Options::default()).texts().join(" ");
    assert_eq!(texts(place.path().join("d")), "plain two one");
    assert_eq!(texts(place.path().join("d/*.txt")), "plain two one");
    assert_eq!(texts(place.path().join("**/caf?.txt")), "two one");
    assert_eq!(texts(name(b"caf\xe9.txt")), "one");
    let corpus = Corpus::open(&[place.path().join("d")], &Options::default()).unwrap();
    assert_ne!(corpus.id(1), corpus.id(2));
    let named = Options { lang: Lang::Filename, ..Options::default() };
    assert!(Corpus::open(&[place.path().join("d")], &named).err().unwrap().to_string().contains("no language"));
}

#[cfg(unix)]
#[test]
fn a_broken_link_in_a_directory_is_a_loss_and_no_end() {
    let place = Place::new();
    place.write("d/a.txt", "a");
    place.write("d/z.txt", "z");
    std::os::unix::fs::symlink("gone", place.path().join("d/broken.txt")).unwrap();
    std::os::unix::fs::symlink("loop.txt", place.path().join("d/loop.txt")).unwrap();
    for path in [place.path().join("d"), place.path().join("d/*"), place.path().join("**/*.txt")] {
        let outcome = read(&path, &Options::default());
        assert_eq!(outcome.texts(), ["a", "z"]);
        let lost: Vec<_> = outcome.findings.iter().filter(|it| it.fault.loses()).collect();
        assert_eq!(lost.iter().map(|it| it.fault).collect::<Vec<_>>(), [Fault::Unreadable; 2], "{path:?}");
        assert!(lost[0].file.ends_with("broken.txt") && lost[0].first[0].note.contains("No such file"));
    }
    let named = Corpus::open(&[place.path().join("d/broken.txt")], &Options::default());
    assert!(named.err().unwrap().to_string().contains("broken.txt"));
}

#[test]
fn what_follows_compressed_data_is_damage_and_no_cut() {
    let place = Place::new();
    for packed in COMPRESSIONS {
        for (rest, fault) in [
            (&b"x"[..], Some(Fault::Damaged)),
            (b"eleven byte", Some(Fault::Damaged)),
            (&[b'x'; 5000], Some(Fault::Damaged)),
            (&[0; 512], matches!(packed, "zst" | "bz2").then_some(Fault::Damaged)),
            (&pack(b"", packed)[..3], Some(Fault::Truncated)),
        ] {
            let bytes = [&pack(b"one\ntwo\n", packed), rest].concat();
            let outcome = read(&place.write(&format!("a.txt.{packed}"), bytes), &Options::default());
            assert_eq!(outcome.texts(), ["one", "two"], "{packed}");
            assert_eq!(outcome.findings.first().map(|it| it.fault), fault, "{packed} and {} bytes", rest.len());
        }
    }
}

#[test]
fn paths_that_name_nothing_are_errors() {
    let place = Place::new();
    place.write("d/readme.md", "x");
    for name in ["absent.txt", "*.absent", "d"] {
        assert!(Corpus::open(&[place.path().join(name)], &Options::default()).is_err(), "{name}");
    }
    assert!(Corpus::open(&[], &Options::default()).is_err());
}

#[test]
fn a_file_that_changes_is_an_error() {
    let place = Place::new();
    let path = place.write("a.txt", "one\ntwo\n");
    let corpus = Corpus::open(std::slice::from_ref(&path), &Options::default()).unwrap();
    std::fs::write(&path, "one\n").unwrap();
    let error = corpus.read(0, &mut Scratch::default(), &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("changed"), "{error}");
}

#[test]
fn a_pipe_is_read_once() {
    let place = Place::new();
    let path = place.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let text = "line\n".repeat(50_000);
    let writer = std::thread::spawn({
        let (path, bytes) = (path.clone(), pack(text.as_bytes(), "gz"));
        move || std::fs::write(path, bytes).unwrap()
    });
    let corpus = Corpus::open(&[path], &Options::default()).unwrap();
    writer.join().unwrap();
    assert_eq!(outcome(&corpus).documents.len(), 50_000);
    assert!(corpus.read(0, &mut Scratch::default(), &mut |_| Ok(())).is_err());
}

#[test]
fn languages_come_from_names_and_directories() {
    let place = Place::new();
    let paths = vec![place.write("news.srp-Latn.txt", "a"), place.write("x/eng_Latn.txt", "b")];
    let by = |lang| read_all(&paths, &Options { lang, ..Options::default() }).documents;
    let named = |documents: Vec<(String, String)>| documents.into_iter().map(|it| it.1).collect::<Vec<_>>();
    assert_eq!(named(by(Lang::Filename)), ["srp-Latn", "eng_Latn"]);
    assert_eq!(named(by(Lang::Directory))[1], "x");
    assert_eq!(named(by(Lang::Fixed("he".into()))), ["he", "he"]);
    assert_eq!(named(by(Lang::None)), ["und", "und"]);
    assert!(Corpus::open(&paths, &Options { lang: Lang::Field("l".into()), ..Options::default() }).is_err());
    assert!(Corpus::open(&[PathBuf::from("absent")], &Options::default()).is_err());
    assert!(Path::new(&paths[0]).exists());
}
