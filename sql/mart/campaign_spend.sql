-- campaign_spend: campaign (or channel-only line) × fiscal quarter.
-- In: spend_by_quarter.
SELECT campaign_id, channel, quarter_name(quarter) AS fiscal_quarter, spend
FROM spend_by_quarter
ORDER BY quarter, campaign_id, channel
