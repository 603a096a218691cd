-- model_comparison: campaign or channel × fiscal quarter × basis × model.
-- In: level_lines (roi of campaigns, then of channels), $hurdle. Spend is the same under all models, so that roi lies between
-- that of the least and that of the greatest amount, which are null where no model can credit the line.
SELECT
    line AS level, campaign_id, channel, fiscal_quarter, basis, model, amount, amount - default_amount AS delta, spend, roi,
    rank, can_credit,
    CASE
        WHEN spend <= 0 OR least_amount IS NULL THEN NULL
        WHEN CAST(least_amount - spend AS DOUBLE) / spend >= $hurdle THEN 'fund'
        WHEN CAST(greatest_amount - spend AS DOUBLE) / spend < $hurdle THEN 'cut'
        ELSE 'depends'
    END AS decision
FROM level_lines
WHERE line IN ('campaign', 'channel') AND quarter IS NOT NULL
ORDER BY basis, model, quarter, line, campaign_id, channel
