-- campaign_names: what `compare` calls the campaigns.
-- In: dim_campaign (mart).
SELECT campaign_id, name FROM dim_campaign WHERE name IS NOT NULL
