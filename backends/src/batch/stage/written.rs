//! What the jobs of one submission write: a job that reads the result of another one finds it in the bucket, where that left it,
//! and not on this machine, where it is not yet.

use std::collections::HashMap;

use ffbatch_dispatcher::location::Location;

/// Who reads: a command of a job of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The number of the request.
    pub request: usize,
    /// The number of the job in it.
    pub index: usize,
    /// The number of the command in the job.
    pub command: usize,
    /// Whether it waits for another request.
    pub waits: bool,
}

/// Where results will lie, by the paths at which commands name them.
#[derive(Debug, Default)]
pub struct Written {
    urls: HashMap<String, (Reader, String)>,
}

impl Written {
    /// Learns that this command writes a path, and under which URL.
    pub fn add(&mut self, location: &Location, writer: Reader, url: String) {
        self.urls.entry(location.plain()).or_insert((writer, url));
    }

    /// Where something lies that another job or an earlier command of the same one writes. That a job waits for the other is for
    /// whoever routes them to see.
    pub fn before(&self, location: &Location, reader: Reader) -> Option<&str> {
        let (writer, url) = self.urls.get(&location.plain())?;
        let same = (writer.request, writer.index) == (reader.request, reader.index);
        (!same || writer.command < reader.command).then_some(url)
    }

    /// The same for a name in a list, which nobody has compared with what other jobs write: it counts for a job that waits.
    pub fn of_others(&self, path: &str, reader: Reader) -> Option<&str> {
        let (writer, url) = self.urls.get(&Location::Path(path.to_owned()).plain())?;
        let same = (writer.request, writer.index) == (reader.request, reader.index);
        let earlier = same && writer.command < reader.command;
        (earlier || (!same && reader.waits)).then_some(url)
    }
}
