use proptest::prelude::*;

use super::*;

/// Everything that can happen, in any order.
fn happenings() -> impl Strategy<Value = Happening<'static>> {
    let code = prop_oneof![Just(None), Just(Some(75)), Just(Some(4)), Just(Some(137))];
    let status = prop_oneof![Just(None), Just(Some("Host lost"))];
    prop_oneof![
        (0_u32..3).prop_map(|waiting| Happening::Accepted { waiting }),
        Just(Happening::NeedMet),
        Just(Happening::NeedFailed),
        Just(Happening::Placed),
        Just(Happening::NeverBegan),
        Just(Happening::Spawned),
        Just(Happening::Succeeded),
        (code, status).prop_map(|(exit_code, status_reason)| {
            Happening::Failed(Ending {
                exit_code,
                reason: None,
                status_reason,
            })
        }),
        Just(Happening::TimedOut),
        Just(Happening::Cancelled),
        any::<bool>().prop_map(|failed| Happening::ChildrenEnded { failed }),
    ]
}

fn strategies() -> impl Strategy<Value = RetryStrategy> {
    let usual = (1_u32..=10).prop_map(|attempts| RetryStrategy {
        attempts,
        ..RetryStrategy::default()
    });
    let bare = (1_u32..=10).prop_map(|attempts| RetryStrategy {
        attempts,
        evaluate_on_exit: Vec::new(),
    });
    prop_oneof![usual, bare]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_sequence_of_events_goes_where_aws_batch_would_not(
        events in prop::collection::vec(happenings(), 0..60),
        retry in strategies(),
    ) {
        let mut life = Life::new();
        for event in events {
            let Some(next) = life.step(event, &retry) else { continue };
            prop_assert!(
                next.state == life.state || life.state.leads_to(next.state),
                "{life:?} {event:?} {next:?}"
            );
            prop_assert!(next != life, "a step that changes nothing: {life:?} {event:?}");
            prop_assert!(next.attempt <= retry.attempts, "{next:?}");
            prop_assert!(!life.doomed || next.doomed, "what is doomed stays so");
            let begins = next.attempt > life.attempt;
            prop_assert_eq!(begins, next.state == State::Starting && life.state == State::Runnable);
            prop_assert!(!(begins && life.doomed), "an attempt began after the job was cancelled");
            if next.state == State::Succeeded {
                let well = matches!(event, Happening::Succeeded | Happening::ChildrenEnded { failed: false });
                prop_assert!(well, "{event:?} is no success");
            }
            if next.state == State::Runnable {
                prop_assert_eq!(next.waiting, 0, "it runs before what it needs");
            }
            life = next;
        }
    }

    #[test]
    fn what_has_ended_stays_as_it_is(event in happenings(), retry in strategies(), attempt in 0_u32..10, doomed: bool) {
        for state in [State::Succeeded, State::Failed] {
            let life = Life { state, attempt, waiting: 0, doomed };
            prop_assert_eq!(life.step(event, &retry), None);
        }
    }

    /// Whatever happened before: when every attempt ends and nothing is waited for, the job comes to an end.
    #[test]
    fn every_job_ends(events in prop::collection::vec(happenings(), 0..30), retry in strategies()) {
        let mut life = events
            .into_iter()
            .fold(Life::new(), |life, event| life.step(event, &retry).unwrap_or(life));
        for _ in 0..100 {
            let event = match life.state {
                State::Submitted => Happening::Accepted { waiting: 0 },
                State::Pending => Happening::NeedMet,
                State::Runnable => Happening::Placed,
                State::Starting => Happening::Spawned,
                State::Running => Happening::Failed(Ending::default()),
                State::Succeeded | State::Failed => return Ok(()),
            };
            let next = life.step(event, &retry);
            prop_assert!(next.is_some() || life.doomed, "{life:?} is stuck");
            life = next.unwrap_or(life);
        }
        prop_assert!(false, "it goes round and round: {life:?}");
    }
}

#[test]
fn a_worker_that_was_interrupted_runs_again_until_its_attempts_are_used_up() {
    let retry = RetryStrategy::default();
    let interrupted = Happening::Failed(Ending {
        exit_code: Some(75),
        ..Ending::default()
    });
    let mut life = Life {
        state: State::Runnable,
        ..Life::new()
    };
    for attempt in 1..=retry.attempts {
        for event in [Happening::Placed, Happening::Spawned, interrupted] {
            life = life.step(event, &retry).expect("it fits");
        }
        assert_eq!(life.attempt, attempt);
    }
    assert_eq!(life.state, State::Failed);
}

#[test]
fn a_cancelled_job_that_was_done_before_it_heard_of_it_has_succeeded() {
    let retry = RetryStrategy::default();
    let mut life = Life {
        state: State::Running,
        attempt: 1,
        ..Life::new()
    };
    life = life.step(Happening::Cancelled, &retry).expect("it runs");
    assert_eq!(life.state, State::Running);
    let life = life.step(Happening::Succeeded, &retry).expect("it runs");
    assert_eq!(life.state, State::Succeeded);
}
