//! The Python literals that numpy headers are made of: texts, unsigned integers, True, False, tuples, lists, dicts.
//!
//! A strict reader of `repr` output, not a Python parser: no escapes, comments, operators or names. Anything else
//! is `None`. Nesting is bounded, so that recursion is.

/// Deepest nesting: records within records.
const MAX_DEPTH: usize = 16;

/// A literal; texts borrow from the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal<'a> {
    Text(&'a str),
    Int(u64),
    Bool(bool),
    /// A tuple or list.
    Sequence(Vec<Literal<'a>>),
    Dict(Vec<(Literal<'a>, Literal<'a>)>),
}

/// The literal that `text` holds, with blanks around it at most.
pub(super) fn parse(text: &str) -> Option<Literal<'_>> {
    let mut parser = Parser { rest: text };
    let literal = parser.literal(0)?;
    parser.skip_blanks();
    parser.rest.is_empty().then_some(literal)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn literal(&mut self, depth: usize) -> Option<Literal<'a>> {
        self.skip_blanks();
        match self.rest.chars().next().filter(|_| depth < MAX_DEPTH)? {
            quote @ ('\'' | '"') => self.text(quote),
            '0'..='9' => self.int(),
            'T' => self.eat("True").then_some(Literal::Bool(true)),
            'F' => self.eat("False").then_some(Literal::Bool(false)),
            '(' => self.items("(", ")", |p| p.literal(depth + 1)).map(Literal::Sequence),
            '[' => self.items("[", "]", |p| p.literal(depth + 1)).map(Literal::Sequence),
            '{' => self.items("{", "}", |p| p.pair(depth + 1)).map(Literal::Dict),
            _ => None,
        }
    }

    fn text(&mut self, quote: char) -> Option<Literal<'a>> {
        let (text, rest) = self.rest.get(1..)?.split_once(quote)?;
        self.rest = rest;
        (!text.contains(['\\', '\n'])).then_some(Literal::Text(text))
    }

    /// Python 2 wrote an `L` after long integers.
    fn int(&mut self) -> Option<Literal<'a>> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        digits.parse().ok().map(Literal::Int)
    }

    fn pair(&mut self, depth: usize) -> Option<(Literal<'a>, Literal<'a>)> {
        let key = self.literal(depth)?;
        self.skip_blanks();
        self.eat(":").then_some(())?;
        Some((key, self.literal(depth)?))
    }

    /// Items with a comma between them, and perhaps one after the last.
    fn items<T>(&mut self, open: &str, close: &str, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat(open).then_some(())?;
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            if self.eat(close) {
                return Some(items);
            }
            items.push(item(self)?);
            self.skip_blanks();
            if !self.eat(",") {
                return self.eat(close).then_some(items);
            }
        }
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_numpy_are_read() {
        let header = parse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3L), }    \n");
        let shape = Literal::Sequence(vec![Literal::Int(2), Literal::Int(3)]);
        let Some(Literal::Dict(fields)) = header else { unreachable!() };
        assert_eq!(fields.last(), Some(&(Literal::Text("shape"), shape)));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        for text in ["", "(", "(1,,)", "-1", "1 2", "__import__('os')", "'a\\x00'", "18446744073709551616", "{1}"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(&format!("{}{}", "(".repeat(15), ")".repeat(15))).is_some());
        assert!(parse(&"(".repeat(100_000)).is_none());
    }
}
