//! A GGUF writer that can also write what no sound file holds.

/// A file in the making.
pub struct Writer {
    version: u32,
    alignment: usize,
    keys: Vec<u8>,
    n_keys: u64,
    table: Vec<u8>,
    n_tensors: u64,
    data: Vec<u8>,
}

/// A GGUF string.
pub fn string(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text].concat()
}

/// A GGUF array value of `count` elements of type `number`.
pub fn array(number: u32, count: u64, elements: &[u8]) -> Vec<u8> {
    [&number.to_le_bytes()[..], &count.to_le_bytes(), elements].concat()
}

impl Writer {
    /// An empty file of the given version and alignment 32.
    pub fn new(version: u32) -> Self {
        let (keys, table, data) = (Vec::new(), Vec::new(), Vec::new());
        Self { version, alignment: 32, keys, n_keys: 0, table, n_tensors: 0, data }
    }

    /// Adds a metadata key of type `number` with the bytes of its value.
    pub fn key(mut self, name: &str, number: u32, value: &[u8]) -> Self {
        self.keys.extend([&string(name.as_bytes())[..], &number.to_le_bytes(), value].concat());
        self.n_keys += 1;
        self
    }

    /// Sets `general.alignment`.
    pub fn align(mut self, alignment: u32) -> Self {
        self.alignment = alignment as usize;
        self.key("general.alignment", 4, &alignment.to_le_bytes())
    }

    /// Adds a row to the tensor table, and no data; `shape` is outermost first.
    pub fn row(mut self, name: &[u8], number: u32, shape: &[u64], offset: u64) -> Self {
        self.table.extend([&string(name)[..], &(shape.len() as u32).to_le_bytes()].concat());
        self.table.extend(shape.iter().rev().flat_map(|d| d.to_le_bytes()));
        self.table.extend([&number.to_le_bytes()[..], &offset.to_le_bytes()].concat());
        self.n_tensors += 1;
        self
    }

    /// Adds a tensor with its data at the next aligned offset.
    pub fn tensor(mut self, name: &str, number: u32, shape: &[u64], data: &[u8]) -> Self {
        self.data.resize(self.data.len().next_multiple_of(self.alignment), 0);
        let offset = self.data.len() as u64;
        self.data.extend_from_slice(data);
        self.row(name.as_bytes(), number, shape, offset)
    }

    /// Adds `len` bytes that belong to no tensor.
    pub fn gap(mut self, len: usize) -> Self {
        self.data.resize(self.data.len() + len, 0xaa);
        self
    }

    /// Everything before the padding.
    pub fn header(&self) -> Vec<u8> {
        let version = self.version.to_le_bytes();
        let (n_tensors, n_keys) = (self.n_tensors.to_le_bytes(), self.n_keys.to_le_bytes());
        [b"GGUF", &version[..], &n_tensors, &n_keys, &self.keys, &self.table].concat()
    }

    /// The whole file.
    pub fn finish(&self) -> Vec<u8> {
        let mut file = self.header();
        file.resize(file.len().next_multiple_of(self.alignment), 0);
        [file, self.data.clone()].concat()
    }
}
