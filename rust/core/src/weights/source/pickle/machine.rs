//! The stack machine: one method per family of opcodes, each checked before it touches the stack.

use std::collections::HashMap;

use super::globals::{self, Global};
use super::opcodes::{self as op, Reader};
use super::{Node, Pickle, Value, damaged};
use crate::error::{Error, Result};

/// Most compound values (texts, tuples, lists, dicts, calls) in one pickle.
const MAX_NODES: usize = 4_000_000;

/// Deepest stack. Python's pickler flushes a list or dict every 1,000 items; tuples may be longer.
const MAX_STACK: usize = 4_000_000;

pub(super) struct Machine<'a> {
    reader: Reader<'a>,
    stack: Vec<Value>,
    /// Stack heights at each MARK, outermost first.
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let reader = Reader::new(input);
        Self { reader, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), nodes: Vec::new() }
    }

    pub(super) fn run(mut self) -> Result<Pickle<'a>> {
        loop {
            let opcode = self.reader.opcode()?;
            if opcode == op::STOP {
                let root = self.pop()?;
                return Ok(Pickle { nodes: self.nodes, root });
            }
            let known = self.push_plain(opcode)?
                || self.build_compound(opcode)?
                || self.fill_compound(opcode)?
                || self.keep_books(opcode)?
                || self.name_or_call(opcode)?;
            if !known {
                return Err(damaged(&format!("opcode {opcode:#04x} is unknown or not allowed")));
            }
        }
    }

    /// Scalars and texts. Like its four siblings, answers whether the opcode was one of its own.
    fn push_plain(&mut self, opcode: u8) -> Result<bool> {
        if let Some(value) = self.reader.scalar(opcode)? {
            return self.push(value);
        }
        match self.reader.text(opcode)?.map(std::str::from_utf8) {
            Some(Ok(text)) => self.push_node(Node::Text(text)),
            Some(Err(_)) => self.push(Value::Ignored), // Python 2 bytes, or lone surrogates
            None => Ok(false),
        }
    }

    /// Tuples, lists, dicts and sets, empty or from what stands on the stack.
    fn build_compound(&mut self, opcode: u8) -> Result<bool> {
        let node = match opcode {
            op::EMPTY_TUPLE | op::EMPTY_LIST | op::EMPTY_SET => Node::Sequence(Vec::new()),
            op::EMPTY_DICT => Node::Dict(Vec::new()),
            op::TUPLE1 => Node::Sequence(self.pop_many(1)?),
            op::TUPLE2 => Node::Sequence(self.pop_many(2)?),
            op::TUPLE3 => Node::Sequence(self.pop_many(3)?),
            op::TUPLE | op::LIST | op::FROZENSET => Node::Sequence(self.pop_to_mark()?),
            op::DICT => Node::Dict(pairs(&self.pop_to_mark()?)?),
            _ => return Ok(false),
        };
        self.push_node(node)
    }

    /// Items added to the list, dict or set under them.
    fn fill_compound(&mut self, opcode: u8) -> Result<bool> {
        let items = match opcode {
            op::APPEND => self.pop_many(1)?,
            op::SETITEM => self.pop_many(2)?,
            op::APPENDS | op::ADDITEMS | op::SETITEMS => self.pop_to_mark()?,
            _ => return Ok(false),
        };
        let keyed = matches!(opcode, op::SETITEM | op::SETITEMS);
        match (self.top_node()?, keyed) {
            (Node::Sequence(list), false) => list.extend(items),
            (Node::Dict(dict), true) => dict.extend(pairs(&items)?),
            (Node::Call(..), _) => {} // a subclass of list or dict: opaque
            _ => return Err(damaged("items are added to something that holds none")),
        }
        Ok(true)
    }

    /// Marks, the memo and framing.
    fn keep_books(&mut self, opcode: u8) -> Result<bool> {
        match opcode {
            op::PROTO => self.reader.take(1).map(drop)?,
            op::FRAME => self.reader.take(8).map(drop)?,
            op::MARK if self.marks.len() < MAX_STACK => self.marks.push(self.stack.len()),
            op::MARK => return Err(damaged("its marks grow without end")),
            op::POP if self.marks.last() == Some(&self.stack.len()) => self.pop_to_mark().map(drop)?,
            op::POP => self.pop().map(drop)?,
            op::POP_MARK => self.pop_to_mark().map(drop)?,
            op::DUP => return self.top().and_then(|top| self.push(top)),
            _ => return self.use_memo(opcode),
        }
        Ok(true)
    }

    fn use_memo(&mut self, opcode: u8) -> Result<bool> {
        let index = match opcode {
            op::BINPUT | op::BINGET => self.reader.unsigned(1)?,
            op::LONG_BINPUT | op::LONG_BINGET => self.reader.unsigned(4)?,
            op::PUT | op::GET => self.reader.decimal_index()?,
            op::MEMOIZE => self.memo.len() as u64,
            _ => return Ok(false),
        };
        if matches!(opcode, op::BINGET | op::LONG_BINGET | op::GET) {
            let value = self.memo.get(&index).copied().ok_or_else(|| damaged("it reads an empty memo slot"))?;
            return self.push(value);
        }
        let top = self.top()?;
        self.memo.insert(index, top);
        if self.memo.len() > MAX_NODES { Err(damaged("its memo grows without end")) } else { Ok(true) }
    }

    /// Names, calls (recorded, not made) and persistent ids.
    fn name_or_call(&mut self, opcode: u8) -> Result<bool> {
        match opcode {
            op::GLOBAL => self.global_from_lines(),
            op::STACK_GLOBAL => self.global_from_stack(),
            op::REDUCE | op::NEWOBJ => {
                let arguments = self.pop()?;
                self.call(arguments)
            }
            op::NEWOBJ_EX => {
                self.pop()?; // keyword arguments
                let arguments = self.pop()?;
                self.call(arguments)
            }
            op::OBJ | op::INST => self.call_to_mark(opcode),
            op::BUILD => self.pop().map(|_attributes| true),
            op::BINPERSID => {
                let id = self.pop()?;
                self.push_node(Node::Persistent(id))
            }
            op::PERSID => Err(damaged("it names a storage in the manner of protocol 0, which torch never wrote")),
            _ => Ok(false),
        }
    }

    fn global_from_lines(&mut self) -> Result<bool> {
        let module = self.reader.text_line()?;
        let name = self.reader.text_line()?;
        self.push_node(Node::Global(allowed(module, name)?))
    }

    fn global_from_stack(&mut self) -> Result<bool> {
        let [name, module] = [self.pop()?, self.pop()?].map(|value| self.text(value));
        let (Some(module), Some(name)) = (module, name) else {
            return Err(damaged("a global is named by something that is no text"));
        };
        self.push_node(Node::Global(allowed(module, name)?))
    }

    /// OBJ has its class after the mark; INST names it in two lines.
    fn call_to_mark(&mut self, opcode: u8) -> Result<bool> {
        let mut arguments = self.pop_to_mark()?;
        if opcode == op::INST {
            self.global_from_lines()?;
        } else if arguments.is_empty() {
            return Err(damaged("an object has no class"));
        } else {
            let class = arguments.remove(0);
            self.push(class)?;
        }
        self.push_node(Node::Sequence(arguments))?;
        let arguments = self.pop()?;
        self.call(arguments)
    }

    fn call(&mut self, arguments: Value) -> Result<bool> {
        let function = self.pop()?;
        let Some(Node::Global(function)) = self.node(function) else {
            return Err(damaged("it calls something that is not a global"));
        };
        let node = match *function {
            Global::OrderedDict if self.holds_items(arguments) => {
                return Err(damaged("an OrderedDict is made in the manner of Python 2, before torch's zip format"));
            }
            Global::OrderedDict | Global::DefaultDict => Node::Dict(Vec::new()),
            function => Node::Call(function, arguments),
        };
        self.push_node(node)
    }

    fn holds_items(&self, arguments: Value) -> bool {
        !matches!(self.node(arguments), Some(Node::Sequence(items)) if items.is_empty())
    }

    fn node(&self, value: Value) -> Option<&Node<'a>> {
        match value {
            Value::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    fn text(&self, value: Value) -> Option<&'a str> {
        match self.node(value)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    fn top_node(&mut self) -> Result<&mut Node<'a>> {
        let node = match self.top()? {
            Value::Node(index) => self.nodes.get_mut(index as usize),
            _ => None,
        };
        node.ok_or_else(|| damaged("items are added to a number"))
    }

    /// The lowest stack height that opcodes may pop to: what stands below a MARK belongs to an outer value.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Value> {
        self.stack.get(self.floor()..).and_then(<[Value]>::last).copied().ok_or_else(empty_stack)
    }

    fn pop(&mut self) -> Result<Value> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>> {
        let start = self.stack.len().checked_sub(count).filter(|start| *start >= self.floor());
        Ok(self.stack.split_off(start.ok_or_else(empty_stack)?))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().ok_or_else(|| damaged("it looks for a MARK that is not there"))?;
        Ok(self.stack.split_off(mark)) // never above the stack: pops stop at the mark
    }

    /// Answers true, for the opcode that pushes is known.
    fn push(&mut self, value: Value) -> Result<bool> {
        if self.stack.len() >= MAX_STACK {
            return Err(damaged("its stack grows without end"));
        }
        self.stack.push(value);
        Ok(true)
    }

    fn push_node(&mut self, node: Node<'a>) -> Result<bool> {
        if self.nodes.len() >= MAX_NODES {
            return Err(damaged(&format!("it holds more than {MAX_NODES} values")));
        }
        self.nodes.push(node);
        self.push(Value::Node(self.nodes.len() as u32 - 1))
    }
}

fn pairs(items: &[Value]) -> Result<Vec<(Value, Value)>> {
    let (pairs, rest) = items.as_chunks::<2>();
    if rest.is_empty() { Ok(pairs.iter().map(|[k, v]| (*k, *v)).collect()) } else { Err(damaged("a key has no value")) }
}

fn allowed(module: &str, name: &str) -> Result<Global> {
    globals::find(module, name).ok_or_else(|| {
        let what = format!("the pickle asks for {module}.{name}, which is not on the list of harmless names");
        let remedy = "nothing was executed: if you trust the file, save it again with tensors only \
                      (torch.save(model.state_dict(), path)), or as safetensors";
        Error::unsupported(what, remedy)
    })
}

fn empty_stack() -> Error {
    damaged("it takes a value from an empty stack")
}
