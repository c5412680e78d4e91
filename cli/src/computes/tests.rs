//! The table, wide and narrow, and one compute in full.

use insta::assert_snapshot;

use super::*;

/// The computes with these sections of the configuration.
fn used(backends: &serde_json::Value) -> Vec<Used> {
    let mut config = json!(Config::default());
    config["quality"] = json!([]);
    config["aws"]["region"] = json!("eu-west-1");
    config["backends"] = backends.clone();
    let config: Config = serde_json::from_value(config).expect("a configuration");
    let families = Families::linked().expect("the computes");
    let all = families.iter().map(|family| Used::of(family, &config));
    all.collect::<Result<_, _>>().expect("known keys")
}

/// The table, as on a machine of Intel's or AMD's.
fn shown(width: Option<u16>) -> String {
    let text = drawn(&used(&json!({})), width);
    let fits = |line: &str| width.is_none_or(|width| line.chars().count() <= usize::from(width));
    assert!(text.lines().all(fits), "{text}");
    text.replace("local        ARM64 ", "local        X86_64")
        .replace("docker       ARM64 ", "docker       X86_64")
}

#[test]
fn a_pipe_gets_every_name() {
    assert_snapshot!(shown(None), @r"
    COMPUTE      ARCH    RUNS ON                            A JOB GETS            QUEUE                               DEFINITION
    amd          X86_64  Spot: c5a m5a c6a c7a m7a c8a m8a  2 vCPU, 8 GiB         batch-ffmpeg-job-queue-amd          batch-ffmpeg-job-definition-amd
    arm          ARM64   Spot: c6g c7g c8g m7g m8g          2 vCPU, 8 GiB         batch-ffmpeg-job-queue-arm          batch-ffmpeg-job-definition-arm
    docker       X86_64  a container of this machine        1 vCPU
    fargate      X86_64  Fargate Spot                       2 vCPU, 8 GiB         batch-ffmpeg-job-queue-fargate      batch-ffmpeg-job-definition-fargate
    fargate-arm  ARM64   Fargate Spot                       2 vCPU, 8 GiB         batch-ffmpeg-job-queue-fargate-arm  batch-ffmpeg-job-definition-fargate-arm
    intel        X86_64  Spot: c5 c6i c7i c8i m7i m8i       2 vCPU, 8 GiB         batch-ffmpeg-job-queue-intel        batch-ffmpeg-job-definition-intel
    local        X86_64  this machine                       1 vCPU
    nvidia       X86_64  Spot: g4dn g5 g6 g6e               2 vCPU, 8 GiB, 1 GPU  batch-ffmpeg-job-queue-nvidia       batch-ffmpeg-job-definition-nvidia
    xilinx       X86_64  Spot: vt1                          2 vCPU, 8 GiB         batch-ffmpeg-job-queue-xilinx       batch-ffmpeg-job-definition-xilinx
    note: `xilinx` needs an image of your own
    `ffbatch computes NAME` shows one in full
    ");
}

#[test]
fn a_terminal_gets_what_it_has_room_for() {
    assert_snapshot!(shown(Some(100)), @r"
    COMPUTE      ARCH    RUNS ON                            A JOB GETS            QUEUE
    amd          X86_64  Spot: c5a m5a c6a c7a m7a c8a m8a  2 vCPU, 8 GiB         batch-f…-job-queue-amd
    arm          ARM64   Spot: c6g c7g c8g m7g m8g          2 vCPU, 8 GiB         batch-f…-job-queue-arm
    docker       X86_64  a container of this machine        1 vCPU
    fargate      X86_64  Fargate Spot                       2 vCPU, 8 GiB         batch-f…-queue-fargate
    fargate-arm  ARM64   Fargate Spot                       2 vCPU, 8 GiB         batch-f…ue-fargate-arm
    intel        X86_64  Spot: c5 c6i c7i c8i m7i m8i       2 vCPU, 8 GiB         batch-f…ob-queue-intel
    local        X86_64  this machine                       1 vCPU
    nvidia       X86_64  Spot: g4dn g5 g6 g6e               2 vCPU, 8 GiB, 1 GPU  batch-f…b-queue-nvidia
    xilinx       X86_64  Spot: vt1                          2 vCPU, 8 GiB         batch-f…b-queue-xilinx
    note: `xilinx` needs an image of your own
    `ffbatch computes NAME` shows one in full
    ");
    assert_snapshot!(shown(Some(80)), @r"
    COMPUTE      ARCH    RUNS ON                            A JOB GETS
    amd          X86_64  Spot: c5a m5a c6a c7a m7a c8a m8a  2 vCPU, 8 GiB
    arm          ARM64   Spot: c6g c7g c8g m7g m8g          2 vCPU, 8 GiB
    docker       X86_64  a container of this machine        1 vCPU
    fargate      X86_64  Fargate Spot                       2 vCPU, 8 GiB
    fargate-arm  ARM64   Fargate Spot                       2 vCPU, 8 GiB
    intel        X86_64  Spot: c5 c6i c7i c8i m7i m8i       2 vCPU, 8 GiB
    local        X86_64  this machine                       1 vCPU
    nvidia       X86_64  Spot: g4dn g5 g6 g6e               2 vCPU, 8 GiB, 1 GPU
    xilinx       X86_64  Spot: vt1                          2 vCPU, 8 GiB
    note: `xilinx` needs an image of your own
    `ffbatch computes NAME` shows one in full
    ");
}

#[test]
fn one_in_full_with_what_the_configuration_says() {
    let backends = json!({ "nvidia": {
        "vcpus": 4, "memory_mib": 15_000, "families": ["g6"], "launch": "on-demand", "bucket": "mine",
        "environment": { "A": "1" },
    } });
    let all = used(&backends);
    let block = |name: &str| {
        let one = all.iter().find(|one| one.family.name == name);
        one::block(one.expect("it is linked"))
    };
    assert_snapshot!(block("nvidia"), @r"
    nvidia: NVIDIA graphics cards: G4dn, G5, G6, G6e on EC2 Spot, one for each job
      runs on      On-Demand: g6, X86_64
      a job gets   4 vCPU, 15000 MiB, 1 GPU
      scratch      100 GiB for the jobs of an instance
      queue        batch-ffmpeg-job-queue-nvidia
      definition   batch-ffmpeg-job-definition-nvidia
      image        nvidia
      preflight    nvidia-smi, before a byte moves
      environment  A=1
                   NVIDIA_DRIVER_CAPABILITIES=compute,video,utility
      region       eu-west-1
      bucket       mine
    ");
    assert_snapshot!(block("xilinx"), @r"
    xilinx: Xilinx media accelerators (VT1) on EC2 Spot; needs an image of your own
      runs on      Spot: vt1, X86_64
      a job gets   2 vCPU, 8 GiB
      scratch      100 GiB for the jobs of an instance
      queue        batch-ffmpeg-job-queue-xilinx
      definition   batch-ffmpeg-job-definition-xilinx
      image        one of your own: the job definition has to name it
      devices      /dev/dri/renderD128 /dev/dri/renderD129
      privileged   yes
      region       eu-west-1
    ");
    assert_snapshot!(block("fargate"), @r"
    fargate: Fargate Spot on x86-64: no instances to choose, to wait for or to keep
      runs on      Fargate Spot, X86_64
      a job gets   2 vCPU, 8 GiB
      scratch      100 GiB for each job
      queue        batch-ffmpeg-job-queue-fargate
      definition   batch-ffmpeg-job-definition-fargate
      image        cpu
      region       eu-west-1
    ");
    assert!(block("local").contains("this machine"));
}
