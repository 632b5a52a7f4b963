package com.example;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Application {
  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @Bean
  SecurityFilterChain web(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
    // Before version 7, Spring Security leaves PKCE out where there is a secret.
    var withPkce = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
    withPkce.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
    var signOut = new OidcClientInitiatedLogoutSuccessHandler(clients);
    signOut.setPostLogoutRedirectUri("{baseUrl}/");
    return http
        .authorizeHttpRequests(requests -> requests.requestMatchers("/").permitAll().anyRequest().authenticated())
        .oauth2Login(login -> login.authorizationEndpoint(at -> at.authorizationRequestResolver(withPkce)))
        .logout(logout -> logout.logoutSuccessHandler(signOut))
        .oidcLogout(logout -> logout.backChannel(Customizer.withDefaults()))
        .build();
  }

  @GetMapping(path = "/", produces = "text/html")
  String home(CsrfToken csrf) {
    return """
        <a href="/me">Who am I?</a>
        <form method="post" action="/logout"><input type="hidden" name="_csrf" value="%s"><button>Sign out</button></form>
        """.formatted(csrf.getToken());
  }

  @GetMapping("/me")
  Map<String, Object> me(@AuthenticationPrincipal OidcUser user) {
    return Map.of("sub", user.getSubject(), "email", String.valueOf(user.getEmail()));
  }

  // The access token, for an API; one that ends within a minute is refreshed on the way here.
  @GetMapping("/token")
  Map<String, Object> token(@RegisteredOAuth2AuthorizedClient("doorward") OAuth2AuthorizedClient client) {
    return Map.of("expires", client.getAccessToken().getExpiresAt());
  }
}
