//! Finds a run of packets in a sequence of which only the next one is ever seen, by the algorithm of Knuth, Morris and Pratt: no
//! packet is looked at twice, however often pictures repeat.

/// A search in progress. A packet is a hash of 64 bits here: eight bytes are eight, also for the million packets of a long film.
#[derive(Debug)]
pub struct Search {
    wanted: Vec<u64>,
    /// For each beginning of `wanted`: the length of the longest shorter beginning with which it ends.
    borders: Vec<usize>,
    /// How many of the wanted packets the ones seen last are.
    matched: usize,
    longest: usize,
}

impl Search {
    /// A search for these packets.
    pub fn new(wanted: Vec<u64>) -> Self {
        let mut search = Self {
            borders: vec![0; wanted.len()],
            wanted,
            matched: 0,
            longest: 0,
        };
        let mut border = 0;
        for at in 1..search.wanted.len() {
            border = search.extended(border, search.wanted[at]);
            search.borders[at] = border;
        }
        search
    }

    /// Takes the next packet; true once all that are wanted have been seen one after the other.
    pub fn next(&mut self, packet: u64) -> bool {
        if !self.found() {
            self.matched = self.extended(self.matched, packet);
            self.longest = self.longest.max(self.matched);
        }
        self.found()
    }

    /// Whether all that are wanted have been seen one after the other.
    pub fn found(&self) -> bool {
        self.longest == self.wanted.len()
    }

    /// How many of the wanted packets, from the first one on, have been seen one after the other.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The longest beginning of what is wanted that ends with this packet, after one of this length.
    fn extended(&self, mut length: usize, packet: u64) -> usize {
        while length > 0 && self.wanted.get(length) != Some(&packet) {
            length = self.borders[length - 1];
        }
        length + usize::from(self.wanted.get(length) == Some(&packet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether letters are found in others, and the longest beginning of them that is.
    #[track_caller]
    fn check(wanted: &str, among: &str, expected: (bool, usize)) {
        let mut search = Search::new(wanted.bytes().map(u64::from).collect());
        for packet in among.bytes() {
            search.next(packet.into());
        }
        assert_eq!(
            (search.found(), search.longest()),
            expected,
            "{wanted} in {among}"
        );
    }

    #[test]
    fn runs() {
        check("abc", "abc", (true, 3));
        check("b", "abc", (true, 1));
        check("cd", "abcde", (true, 2));
        check("ac", "abc", (false, 1));
        check("abcd", "abc", (false, 3));
        check("x", "abc", (false, 0));
        check("a", "", (false, 0));
    }

    #[test]
    fn what_repeats_is_not_passed_by() {
        check("aab", "aaab", (true, 3));
        check("abac", "ababac", (true, 4));
        check("aabaaac", "aabaabaaac", (true, 7));
        check("aaaa", "aaabaaab", (false, 3));
    }

    /// The same answer as the plain search gives, for all short texts of two letters.
    #[test]
    fn nothing_is_missed() {
        let texts = |length: u32| {
            (0..1_u32 << length).map(move |bits| {
                (0..length)
                    .map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' })
                    .collect::<String>()
            })
        };
        for wanted in (1..5).flat_map(texts) {
            for among in texts(9) {
                let longest = (0..=wanted.len()).rev();
                let longest = longest
                    .into_iter()
                    .find(|length| among.contains(&wanted[..*length]));
                let longest = longest.expect("nothing is everywhere");
                check(&wanted, &among, (longest == wanted.len(), longest));
            }
        }
    }
}
