-- One row for each frame. The sample's `avmaf_dm2` is `vmaf_adm2`.
SELECT
    f.aws_batch_job_id,
    f.aws_batch_jq_name,
    f.aws_batch_ce_name,
    frame.integer_adm2 AS avmaf_dm2,
    frame.integer_adm_scale0 AS vmaf_adm_scale0,
    frame.integer_adm_scale1 AS vmaf_adm_scale1,
    frame.integer_adm_scale2 AS vmaf_adm_scale2,
    frame.integer_adm_scale3 AS vmaf_adm_scale3,
    frame.integer_motion AS vmaf_motion,
    frame.integer_motion2 AS vmaf_motion2,
    frame.integer_vif_scale0 AS vmaf_vif_scale0,
    frame.integer_vif_scale1 AS vmaf_vif_scale1,
    frame.integer_vif_scale2 AS vmaf_vif_scale2,
    frame.integer_vif_scale3 AS vmaf_vif_scale3,
    frame.vmaf AS vmaf,
    frame.n AS n,
    frame.integer_adm2 AS vmaf_adm2,
    nullif(regexp_extract(f.aws_batch_jq_name, 'job-queue-([a-z0-9-]+?)(-pinned)?$', 1), '') AS compute,
    f.output,
    f.stream,
    f.year,
    f.month,
    f.day
FROM {name}.{name}_ffqm AS f
CROSS JOIN UNNEST(f.vmaf) AS t(frame)
