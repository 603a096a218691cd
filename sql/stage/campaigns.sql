-- stage_campaigns: one row per campaign row read.
-- In: source_campaigns, $as_of, $unknown_channel.
SELECT
    instant_end(recorded_at) AS recorded_at, campaign_id, name, coalesce(channel, $unknown_channel) AS channel, subchannel, content, parent_campaign_id,
    first_day(start_date) AS start_date, last_day(end_date) AS end_date, minor_units(budget) AS budget,
    currency, source_row,
    coalesce(instant_end(recorded_at) <= $as_of, true) AS in_scope,
    CASE
        WHEN campaign_id IS NULL THEN 'missing_key'
        WHEN start_date IS NOT NULL AND first_day(start_date) IS NULL THEN 'bad_date'
        WHEN end_date IS NOT NULL AND last_day(end_date) IS NULL THEN 'bad_date'
        WHEN recorded_at IS NOT NULL AND instant_end(recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN budget IS NOT NULL AND minor_units(budget) IS NULL THEN 'bad_amount'
    END AS reason
FROM source_campaigns
