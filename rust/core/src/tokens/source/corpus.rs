//! A corpus: its files, the units of work they fall into, and the reading of each.

use std::path::{Path, PathBuf};

use super::batch::Batch;
use super::blocks::{Blocks, End, Range};
use super::faults::{Fault, Faults, Place, Report};
use super::file::Source;
use super::find::{self, PassedOver};
use super::gather::{Gather, Scratch};
use super::language::{self, Names};
use super::layout::Layout;
use super::options::{Documents, Lang, Options};
use super::{conllu, ipc, jsonl, table, text};
use crate::error::{Error, Result};

/// Files that are open to be read, unit by unit, by any number of threads.
pub struct Corpus {
    options: Options,
    sources: Vec<Source>,
    layouts: Vec<Layout>,
    units: Vec<Unit>,
    passed_over: Vec<PassedOver>,
    unreadable: Vec<(PathBuf, String)>,
    faults: Vec<(usize, Faults)>,
    names: Names,
}

/// A piece of a corpus that can be read by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Which file.
    pub file: usize,
    /// Which part of it.
    pub part: Part,
    /// Stored bytes of the part; 0 if not known (a pipe).
    pub bytes: u64,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The documents that start at byte `start` or later, before `end`.
    Chunk {
        /// First byte.
        start: u64,
        /// One past the last byte.
        end: u64,
    },
    /// A row group of a Parquet file.
    RowGroup(usize),
    /// A record batch of an Arrow file.
    RecordBatch(usize),
}

/// Faults of one kind in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub fault: Fault,
    /// The file.
    pub file: PathBuf,
    /// How many there are.
    pub count: u64,
    /// Where the first ones are: lines or rows of the file.
    pub first: Vec<Place>,
}

const FOOTLESS: &str = "the footer is missing or damaged; the batches before it were read";

impl Corpus {
    /// Opens files, directories, patterns and `-` (standard input), and looks at the head of each file.
    pub fn open(paths: &[PathBuf], options: &Options) -> Result<Self> {
        check(options)?;
        let found = find::files(paths)?;
        let mut corpus = Self {
            options: options.clone(),
            sources: Vec::new(),
            layouts: Vec::new(),
            units: Vec::new(),
            passed_over: found.passed_over,
            unreadable: found.unreadable,
            faults: Vec::new(),
            names: Names::default(),
        };
        found.files.iter().try_for_each(|path| corpus.add(path))?;
        Ok(corpus)
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let language = self.names.number(&language::of_file(path, &self.options.lang)?)?;
        let (source, begin) = Source::open(path, &self.options, language)?;
        let file = self.sources.len();
        let layout = Layout::of(&source, &begin, &self.options).map_err(|e| e.in_file(path))?;
        let units = layout.parts(&source, &self.options);
        self.units.extend(units.into_iter().map(|(part, bytes)| Unit { file, part, bytes }));
        match &layout {
            Layout::Empty => self.fault(file, Fault::EmptyFile, ""),
            Layout::Damaged(note) => self.fault(file, Fault::Damaged, note),
            Layout::Stream { footless: true, .. } => self.fault(file, Fault::Truncated, FOOTLESS),
            _ => {}
        }
        self.sources.push(source);
        self.layouts.push(layout);
        Ok(())
    }

    fn fault(&mut self, file: usize, fault: Fault, note: &str) {
        let mut faults = Faults::default();
        faults.add(fault, 0, note);
        self.faults.push((file, faults));
    }

    /// The units, in the order of files and inside files.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The files, by number.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.sources.iter().map(|source| source.path.as_path())
    }

    /// Files in directories that were not taken, and files named twice.
    #[must_use]
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// The languages met so far, by number: [`Names::all`].
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The number of the language of a file's documents; documents that name their own may have others.
    #[must_use]
    pub fn language_of(&self, file: usize) -> u32 {
        self.sources[file].language
    }

    /// The language of each file's documents; None where the documents name their own.
    #[must_use]
    pub fn languages(&self) -> Vec<Option<String>> {
        let names = self.names.all();
        let by_field = matches!(self.options.lang, Lang::Field(_));
        let name = |source: &Source| (!by_field).then(|| names[source.language as usize].to_string());
        self.sources.iter().map(name).collect()
    }

    /// Stored bytes of all units; pipes count as 0.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.units.iter().map(|unit| unit.bytes).sum()
    }

    /// A name for a unit that a later run over the same files gives it again: path, size of the file, part.
    #[must_use]
    pub fn id(&self, unit: usize) -> String {
        let Unit { file, part, .. } = self.units[unit];
        let source = &self.sources[file];
        let part = match part {
            Part::Whole => "whole".to_owned(),
            Part::Chunk { start, end } => format!("bytes {start}..{end}"),
            Part::RowGroup(index) => format!("row group {index}"),
            Part::RecordBatch(index) => format!("record batch {index}"),
        };
        format!("{}:{}:{part}", source.path.as_os_str().as_encoded_bytes().escape_ascii(), source.bytes())
    }

    /// Reads a unit, batch by batch.
    ///
    /// Batches come in order and may be empty. When `take` fails, reading stops and its error is returned.
    pub fn read(
        &self,
        unit: usize,
        scratch: &mut Scratch,
        take: &mut dyn FnMut(&Batch) -> Result<()>,
    ) -> Result<Report> {
        let Unit { file, part, .. } = self.units[unit];
        let (source, layout) = (&self.sources[file], &self.layouts[file]);
        let (block, mut gather) = Gather::new(scratch, &self.names, self.options.invalid, source.language, take);
        let done = match (layout, part) {
            (Layout::RowGroups(file), Part::RowGroup(group)) => file.read(source.seekable()?, group, &mut gather),
            (Layout::Batches(file), Part::RecordBatch(batch)) => file.read(source.seekable()?, batch, &mut gather),
            (Layout::Stream { wanted, file, .. }, _) => read_stream(source, wanted, *file, &mut gather),
            _ => self.read_lines(source, layout, part, block, &mut gather),
        };
        done.and_then(|()| gather.finish())
            .and_then(|report| source.check_unchanged().map(|()| report))
            .map_err(|e| e.in_file(&source.path))
    }

    fn read_lines(
        &self,
        source: &Source,
        layout: &Layout,
        part: Part,
        block: &mut Vec<u8>,
        gather: &mut Gather,
    ) -> Result<()> {
        let range = range(part, matches!(layout, Layout::Text(Documents::Blank)));
        let mut blocks = blocks(source, range, block, gather)?;
        if blocks.marked() && range.start == 0 {
            gather.fault(Fault::Mark, 1, "");
        }
        match layout {
            Layout::Text(Documents::Line) => text::lines(&mut blocks, gather)?,
            Layout::Text(Documents::File) => text::file(&mut blocks, gather)?,
            Layout::Text(Documents::Blank) => text::paragraphs(&mut blocks, range, gather)?,
            Layout::Conllu => conllu::sentences(&mut blocks, self.options.words, gather)?,
            Layout::Table(columns) => {
                table::documents(&mut blocks, table::table(source.format, &self.options), columns, gather)?;
            }
            _ => jsonl::documents(&mut blocks, &jsonl::Fields::new(&self.options), gather)?,
        }
        if let Some(End::Broken(fault, note)) = blocks.end() {
            gather.fault(*fault, gather.report.lines + 1, note);
        }
        Ok(())
    }

    /// All faults, file by file, at their lines and rows of the files.
    ///
    /// `reports` are those of all units, in their order: only together do they tell the number of a line.
    #[must_use]
    pub fn findings(&self, reports: &[Report]) -> Vec<Finding> {
        let mut files = vec![(0, Faults::default()); self.sources.len()];
        for (file, faults) in &self.faults {
            files[*file].1.append(faults, 0);
        }
        for (unit, report) in self.units.iter().zip(reports) {
            let (lines, faults) = &mut files[unit.file];
            faults.append(&report.faults, *lines);
            *lines += report.lines;
        }
        let of_files = files.iter().zip(&self.sources);
        let of_files = of_files.flat_map(|((_, faults), source)| Finding::all(faults, &source.path));
        of_files.chain(self.unreadable.iter().map(Finding::unreadable)).collect()
    }
}

impl Finding {
    fn unreadable((path, why): &(PathBuf, String)) -> Self {
        let place = Place { number: 0, note: why.clone() };
        Self { fault: Fault::Unreadable, file: path.clone(), count: 1, first: vec![place] }
    }

    /// One for each kind of fault in `file`.
    pub fn all<'a>(faults: &'a Faults, file: &'a Path) -> impl Iterator<Item = Self> + use<'a> {
        faults.iter().map(|(fault, found)| Self {
            fault,
            file: file.to_owned(),
            count: found.count,
            first: found.first.clone(),
        })
    }
}

fn check(options: &Options) -> Result<()> {
    if options.chunk == 0 {
        return Err(Error::bad_argument("a chunk of 0 bytes", "give at least 1"));
    }
    if options.text_field.is_empty() {
        return Err(Error::bad_argument("the text field has no name", "name it"));
    }
    Ok(())
}

fn read_stream(source: &Source, wanted: &ipc::Wanted, file: bool, gather: &mut Gather) -> Result<()> {
    let (stream, stored) = source.stream()?;
    gather.stored = stored;
    ipc::stream(stream, wanted, file, gather)
}

fn range(part: Part, beyond: bool) -> Range {
    match part {
        Part::Chunk { start, end } => Range { start, end, beyond },
        _ => Range { start: 0, end: u64::MAX, beyond },
    }
}

/// The blocks of lines of a range, from as far before it as its first document needs.
fn blocks<'a>(source: &Source, range: Range, block: &'a mut Vec<u8>, gather: &mut Gather) -> Result<Blocks<'a>> {
    let before = if range.beyond { text::LOOK_BACK } else { u64::from(range.start > 0) };
    let from = range.start.saturating_sub(before);
    let fresh = range.start == 0 || (range.beyond && range.start <= text::LOOK_BACK);
    let chunk = range.end < u64::MAX;
    let (stream, stored) = if chunk { source.stream_from(from)? } else { source.stream()? };
    gather.stored = stored;
    if fresh { Blocks::whole(stream, block, range) } else { Blocks::part(stream, block, from, range) }
}
