//! Which pieces byte-pair encoding can make, and by which last merge: the proof at load that the search may be used.
//!
//! The reference merges, again and again, the pair of neighbours of lowest rank, the leftmost of equals. A *run* on a
//! word is that sequence of merges.
//!
//! **Restriction.** As long as no merge has crossed the borders of a window of the word, the merges inside the window
//! are those of the run on the window alone, in the same order: each was the lowest of the whole word, so it was the
//! lowest of the window.
//!
//! **One rule a piece.** If symbols `a` and `b` are neighbours at any moment of any run and a rule makes `p` of them,
//! then by restriction the run on the text of `p` comes to `[a, b]`, and then to `[p]`. That run is one sequence, so
//! that `(a, b)` is the only rule that ever makes `p`: all others are dead, and a piece without such a rule is never
//! made. Pieces are examined from short to long, so that all live rules inside `p` are known before `p`.
//!
//! **Meeting.** The run on `a·b`, up to the first merge over the border, interleaves the runs on `a` and on `b`. If in
//! each of these the ranks never fall (*monotone*, checked here), the symbol at either side of the border is alive from
//! the rank that makes it to the rank that consumes it. Walking back from `(a, b)`, the side born later is undone; each
//! pair of neighbours so found is alive together, and a rule that joins it wins if its rank is below the rank that
//! consumes it next. Of equal ranks the leftmost wins: what consumes the left symbol lies left of the border, what
//! consumes the right symbol lies right of it. ([`Rules::meet`])
//!
//! **Search.** A sequence of makeable pieces is the tokens of its text if and only if every two neighbours stay apart
//! (no rule joins them, and they meet whole). If they are the tokens, no merge crossed a border, and by restriction none does in the window of
//! two. Conversely the first merge to cross a border would, by restriction, cross it in the window of two. So the tokens
//! of a text are the only such sequence, and a search that finds one has found them ([`super::search`]).
//!
//! A piece whose run is not monotone is *wild* (in Llama-2's vocabulary, the runs of four and more spaces). Whether two
//! pieces meet of which one is wild is asked of the definition: their units are merged ([`Rules::meet_when_merged`]).

use super::super::vocabulary::Vocabulary;
use super::rules::{Rule, Rules, WILD};

/// What grows.
pub struct Growth {
    /// Rule `n` is the only rule that makes piece `n`.
    pub rules: Rules,
    /// Whether piece `n` can be made.
    pub made: Vec<bool>,
}

impl Growth {
    /// The live rules.
    pub fn new(vocabulary: &Vocabulary, merges: &[Rule]) -> Self {
        let made = (0..vocabulary.count()).map(|piece| vocabulary.is_unit(piece)).collect();
        let mut growth = Self { rules: Rules::unborn(vocabulary.count()), made };
        let order = short_to_long(vocabulary, merges);
        for at in order {
            growth.add(merges[at as usize]);
        }
        growth
    }

    /// Adds a rule if it is alive.
    fn add(&mut self, mut rule: Rule) {
        let (left, right, product) = (rule.left as usize, rule.right as usize, rule.product as usize);
        if !self.made[left] || !self.made[right] || self.made[product] {
            return;
        }
        let wild = self.rules.wild(rule.left, rule.right);
        let meet = if wild { Rules::meet_when_merged } else { Rules::meet };
        if meet(&self.rules, rule.left, rule.right) {
            let sides = self.rules.rule(rule.left).born.max(self.rules.rule(rule.right).born);
            rule.born |= if wild || rule.born < sides { WILD } else { 0 };
            self.made[product] = true;
            self.rules.set(product, rule);
        }
    }
}

/// Short products first; of equals the higher rank, because the last of two rules with the same sides counts.
fn short_to_long(vocabulary: &Vocabulary, merges: &[Rule]) -> Vec<u32> {
    let lengths: Vec<usize> = merges.iter().map(|rule| vocabulary.length(rule.product as usize)).collect();
    let mut starts = vec![0; lengths.iter().max().map_or(0, |&longest| longest + 2)];
    for &length in &lengths {
        starts[length + 1] += 1;
    }
    (1..starts.len()).for_each(|length| starts[length] += starts[length - 1]);
    let mut order = vec![0; merges.len()];
    for (at, &length) in lengths.iter().enumerate().rev() {
        order[starts[length]] = at as u32;
        starts[length] += 1;
    }
    order
}
