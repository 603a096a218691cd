-- dim_channel: one row a channel that campaigns, touches or spend name.
-- In: campaigns (canonical), credit_totals, spend_by_quarter, touched_channels.
SELECT DISTINCT channel FROM (
    SELECT channel FROM campaigns
    UNION ALL SELECT channel FROM credit_totals
    UNION ALL SELECT channel FROM spend_by_quarter
    UNION ALL SELECT channel FROM touched_channels
)
ORDER BY channel
