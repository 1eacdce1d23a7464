package emulator

import "net/http"

// software is what the server says it is.
func (s *Server) software() (name, version, source string) {
	if s.options.IgnoreIdempotency {
		return "gotosocial", "0.20.2+git-8b5c1d0", "https://codeberg.org/superseriousbusiness/gotosocial"
	}
	return "mastodon", "4.7.0", "https://github.com/mastodon/mastodon"
}

// counts are of what is here: accounts of this server, and their statuses.
func (s *Server) counts() (people, statuses int) {
	for _, a := range s.accounts {
		if a.local() {
			people++
			statuses += a.count()
		}
	}
	return people, statuses
}

func (s *Server) configuration(p place) object {
	return object{
		"statuses": object{"max_characters": s.options.TextLimit, "max_media_attachments": s.options.MediaLimit, "characters_reserved_per_url": urlLength},
		"media_attachments": object{"supported_mime_types": mediaTypes, "description_limit": s.options.AltLimit, "image_size_limit": imageBytes,
			"image_matrix_limit": 33177600, "video_size_limit": videoBytes, "video_frame_rate_limit": 120, "video_matrix_limit": 8294400},
		"polls":       object{"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2629746},
		"accounts":    object{"max_featured_tags": 10, "max_pinned_statuses": 5, "max_profile_fields": 4, "profile_field_name_limit": 255, "profile_field_value_limit": 255},
		"translation": object{"enabled": false}, "limited_federation": false,
		"urls": object{"streaming": p.base, "status": nil, "about": p.base + "/", "privacy_policy": nil, "terms_of_service": nil},
	}
}

const (
	instanceTitle = "Emulated Mastodon"
	instanceAbout = "A Mastodon server that is emulated on this machine. Nothing in it leaves it."
)

func (s *Server) showInstance(c *call) (int, any, *problem) {
	name, version, source := s.software()
	people, _ := s.counts()
	api := object{"mastodon": 7}
	if name == "gotosocial" {
		api = object{"mastodon": 0}
	}
	return http.StatusOK, object{
		"domain": c.place.domain, "title": instanceTitle, "version": version, "source_url": source, "description": instanceAbout,
		"usage": object{"users": object{"active_month": people}}, "thumbnail": object{"url": c.place.base + "/page/header.png", "blurhash": nil, "versions": object{}},
		"icon": []any{}, "languages": []string{"en"}, "configuration": s.configuration(c.place), "api_versions": api, "rules": []any{},
		"registrations": object{"enabled": false, "approval_required": false, "reason_required": false, "message": nil, "min_age": nil, "url": nil},
		"contact":       object{"email": "nobody@example.org", "account": nil},
	}, nil
}

func (s *Server) showInstanceV1(c *call) (int, any, *problem) {
	_, version, _ := s.software()
	people, statuses := s.counts()
	return http.StatusOK, object{
		"uri": c.place.domain, "title": instanceTitle, "short_description": instanceAbout, "description": instanceAbout, "email": "nobody@example.org", "version": version,
		"urls": object{"streaming_api": c.place.base}, "stats": object{"user_count": people, "status_count": statuses, "domain_count": 1},
		"thumbnail": nil, "languages": []string{"en"}, "registrations": false, "approval_required": false, "invites_enabled": false,
		"configuration": s.configuration(c.place), "contact_account": nil, "rules": []any{},
	}, nil
}

func (s *Server) listNodeinfo(c *call) (int, any, *problem) {
	return http.StatusOK, object{"links": []any{object{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": c.place.base + "/nodeinfo/2.0"}}}, nil
}

func (s *Server) showNodeinfo(*call) (int, any, *problem) {
	name, version, _ := s.software()
	people, statuses := s.counts()
	return http.StatusOK, object{"version": "2.0", "software": object{"name": name, "version": version}, "protocols": []string{"activitypub"},
		"services": object{"inbound": []any{}, "outbound": []any{}}, "openRegistrations": false, "metadata": object{"nodeName": instanceTitle},
		"usage": object{"users": object{"total": people, "activeMonth": people, "activeHalfyear": people}, "localPosts": statuses}}, nil
}
