//! Where this user's state lies: the queue, and what is remembered of jobs elsewhere.

use std::path::PathBuf;

use ffbatch_dispatcher::compute::ComputeError;
use ffbatch_dispatcher::config::Config;

/// The state directory, as configuration and environment say; touches nothing. `what` is what needs a place there.
pub fn directory(config: &Config, what: &str) -> Result<PathBuf, ComputeError> {
    let variable = |name: &str| std::env::var(name).ok();
    let state = config
        .state_dir(variable)
        // Services and containers may have no HOME; the user data base has the directory all the same.
        .or_else(|| {
            let home = std::env::home_dir().filter(|home| home.is_absolute())?;
            Some(home.join(".local/state/ffbatch"))
        })
        .ok_or_else(|| {
            ComputeError::machine(format!(
                "there is no place for {what}: HOME is not set and this user has no home directory (set FFBATCH_STATE_DIR)"
            ))
        })?;
    std::path::absolute(&state)
        .map_err(|error| ComputeError::machine("the current directory is gone").because(error))
}
